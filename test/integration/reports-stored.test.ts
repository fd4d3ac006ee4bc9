import { describe, expect, it, onTestFinished } from 'vitest';
import { openRegistries } from '../../src/cli/wiring/registries.ts';
import { stopReason } from '../../src/cli/exit-codes.ts';
import { realClock } from '../../src/clock.ts';
import { pullArtifact } from '../../src/registry/artifact.ts';
import { ReportDocument } from '../../src/report/model/schema.ts';
import { cip, type CipOptions, type CipRun } from '../support/promotion/cip.ts';
import { writeTree } from '../support/promotion/tree.ts';
import type { FaultHook } from '../support/registry/faults.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { startRegistries, type TestRegistry } from '../support/registry/server.ts';

type World = {
  /** The registry of the reports. */
  readonly reports: TestRegistry;
  readonly mirror: TestRegistry;
  readonly address: string;
  run(args?: readonly string[], options?: CipOptions): Promise<CipRun>;
  stored(): Promise<ReportDocument | undefined>;
};

/** One image that a mirror lacks, and a registry for reports. */
async function world(fault?: FaultHook): Promise<World> {
  const registries = await startRegistries(3);
  for (const registry of registries) onTestFinished(() => registry[Symbol.asyncDispose]());
  const [staging, mirror, reports] = registries;
  if (staging === undefined || mirror === undefined || reports === undefined) throw new Error('three were asked for');
  const good = buildImage({ seed: 1 });
  storeImage(staging.store, 'staging/app', good);
  if (fault !== undefined) reports.inject(fault);
  const entries = [['app', good.manifest.descriptor.digest, 'v1']] as const;
  const tree = await writeTree([{ name: 'p', from: `${staging.host}/staging`, to: [`${mirror.host}/prod`], entries }]);
  onTestFinished(() => tree[Symbol.asyncDispose]());
  const address = `oci://${reports.host}/jobs/reports:run-1`;
  const given = ['--thin-manifest-dir', tree.path, '--sign=false', `--report=${address}`];
  const { registry, close } = openRegistries({
    env: { HOME: '/nonexistent' },
    clock: realClock(),
    narrate: () => undefined,
    random: Math.random,
  });
  onTestFinished(close);
  return {
    reports,
    mirror,
    address,
    run: (args = [], options = {}) => cip([...given, ...args], options),
    stored: async () => {
      const call = { signal: new AbortController().signal };
      const pulled = await pullArtifact(registry, `${reports.host}/jobs/reports`, 'run-1', { maxBytes: 1e6 }, call);
      const bytes = pulled?.files.get('report.json');
      return bytes && ReportDocument.parse(JSON.parse(Buffer.from(bytes).toString()));
    },
  };
}

const writes = ({ counters }: TestRegistry): string[] =>
  counters.log.filter(({ method }) => method !== 'GET' && method !== 'HEAD').map(({ path }) => path);

describe('kpromo cip --report oci://…', () => {
  it('stores the report of a dry run, writes nothing else, and replaces the report of an earlier run', async () => {
    const { run, stored, mirror, reports } = await world();
    expect((await run(['--detailed-exitcode'])).code).toBe(2);
    expect(await stored()).toMatchObject({ mode: 'dry-run', outcome: 'pending', exitCode: 2 });
    expect(writes(mirror)).toEqual([]);
    expect(writes(reports).every((path) => path.startsWith('/v2/jobs/reports/'))).toBe(true);
    expect((await run(['--confirm'])).code).toBe(0);
    expect(await stored()).toMatchObject({ mode: 'promote', outcome: 'done', exitCode: 0, totals: { copied: 1 } });
    expect(reports.store.repository('jobs/reports')?.tags.size).toBe(1);
  });

  it('stores the report of a run that failed, and of one that was stopped', async () => {
    const failed = await world();
    failed.mirror.inject(() => ({ status: 401 }));
    expect((await failed.run(['--confirm'])).code).toBe(1);
    expect(await failed.stored()).toMatchObject({ outcome: 'failed', exitCode: 1 });
    const stopped = await world();
    const controller = new AbortController();
    stopped.mirror.inject(() => {
      controller.abort(stopReason('SIGTERM'));
      return 'silent';
    });
    expect((await stopped.run(['--confirm'], { signal: controller.signal })).code).toBe(143);
    expect(await stopped.stored()).toMatchObject({ outcome: 'stopped', exitCode: 143 });
  });

  it('refuses a registry that takes no report before anything runs', async () => {
    const { run, mirror } = await world(({ method }) => (method === 'GET' ? undefined : { status: 403 }));
    const { code, stderr } = await run(['--confirm']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/level=fatal msg=.*--report .*run-1.* cannot be stored: .*403/);
    expect(mirror.counters.log).toEqual([]);
  });

  it('fails a run whose report cannot be stored at its end', async () => {
    const { run } = await world(({ kind }) => (kind === 'putManifest' ? { status: 403 } : undefined));
    const { code, stderr } = await run(['--confirm']);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
      /level=fatal msg="writing the report oci:.*run-1 failed: .*403/,
    );
  });

  it('exits with 75 if a registry is down, and with 1 without --detailed-exitcode', async () => {
    const { run, mirror, stored } = await world();
    mirror.inject(() => ({ status: 503 }));
    const args = ['--confirm', '--retries=0', '--detailed-exitcode'];
    expect((await run(args)).code).toBe(75);
    expect(await stored()).toMatchObject({ outcome: 'failed', exitCode: 75 });
    expect((await run(args.slice(0, 2))).code).toBe(1);
  });

  it.each(['oci://prod.test/reports', 'oci://prod.test/Reports:x', `oci://prod.test/a@sha256:${'a'.repeat(64)}`])(
    'refuses %s',
    async (address) => {
      const { run, reports } = await world();
      const { code, stderr } = await run([`--report=${address}`]);
      expect([code, stderr]).toEqual([1, expect.stringContaining('not the address of a tag; write oci://')]);
      expect(reports.counters.log).toEqual([]);
    },
  );
});

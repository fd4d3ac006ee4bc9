import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stopReason } from '../../src/cli/exit-codes.ts';
import { ReportDocument } from '../../src/report/model/schema.ts';
import { ensureBuilt, startCli } from '../support/built-cli.ts';
import { cip, kpromo, type CipRun } from '../support/promotion/cip.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { startRegistries, type TestRegistry } from '../support/registry/server.ts';

const IMAGES = [1, 2, 3, 4, 5, 6].map((seed) => buildImage({ seed }));
const LOST = `sha256:${'f'.repeat(64)}`;

type World = {
  readonly folder: string;
  /** The folder of the tree. */
  readonly path: string;
  readonly registries: readonly TestRegistry[];
  readonly reports: TestRegistry;
  /** Runs one share, or without one the whole tree. */
  run(shard: string | undefined, report: string, ...args: readonly string[]): Promise<CipRun>;
  merge(...args: readonly string[]): Promise<CipRun>;
  read(name: string): Promise<ReportDocument>;
};

/** Six images in as many repositories, and one that is nowhere. */
async function world(): Promise<World> {
  const registries = await startRegistries(3);
  for (const registry of registries) onTestFinished(() => registry[Symbol.asyncDispose]());
  const [staging, mirror, reports] = registries;
  if (staging === undefined || mirror === undefined || reports === undefined) throw new Error('three were asked for');
  for (const [index, one] of IMAGES.entries()) storeImage(staging.store, `staging/app-${index}`, one);
  const entries = [
    ...IMAGES.map(({ manifest }, index) => [`app-${index}`, manifest.descriptor.digest, 'v1'] as const),
    ['gone', LOST, 'v2'] as const,
  ];
  const tree = await writeTree([{ name: 'p', from: `${staging.host}/staging`, to: [`${mirror.host}/prod`], entries }]);
  onTestFinished(() => tree[Symbol.asyncDispose]());
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-merge-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return {
    folder,
    path: tree.path,
    registries,
    reports,
    // the merge compares when runs began, so their clocks must be the machine's
    run: (shard, report, ...args) => {
      const share = shard === undefined ? [] : [`--shard=${shard}`];
      return cip(['--thin-manifest-dir', tree.path, '--sign=false', `--report=${report}`, ...share, ...args], {
        speed: 1,
      });
    },
    merge: (...args) => kpromo(['report', 'merge', ...args], { speed: 200 }),
    read: async (name) => ReportDocument.parse(JSON.parse(await readFile(join(folder, name), 'utf8'))),
  };
}

/** What a run of the same tree does not repeat: times, and the command line. */
function lasting(document: ReportDocument): unknown {
  const { started: _started, ms: _ms, phases, traffic: _traffic, text, context: _context, ...more } = document;
  const registries = more.registries.map(({ requests: _requests, bytes: _bytes, ...one }) => one);
  const totals = { ...more.totals, requests: 0, bytes: 0 };
  const images = more.images.map(({ targets, ...image }) => ({
    ...image,
    targets: targets.map(({ ms: _time, ...target }) => target),
  }));
  const words = text.replaceAll(/\d+ requests?.*/g, '');
  return { ...more, shard: undefined, registries, totals, images, words, phases: phases.map(({ name }) => name) };
}

/** Returns the report of a dry run of a shard. */
async function dryShare(
  run: World['run'],
  folder: string,
  index: number,
  read: World['read'],
): Promise<ReportDocument> {
  await run(`${index}/2`, join(folder, 'dry.json'));
  return read('dry.json');
}

describe('kpromo report merge', () => {
  it('returns the report and the output of one run, from files and from a registry', async () => {
    const { folder, run, merge, read, reports } = await world();
    const whole = await run(undefined, join(folder, 'whole.json'));
    for (const index of [0, 1, 2]) {
      const oci = `oci://${reports.host}/jobs/reports:run-1-${index}`;
      await run(`${index}/3`, join(folder, `${index}.json`), `--report=${oci}`);
    }
    const outputs = ['all.json', 'all.md', 'all.html', 'all.xml'].map((name) => `--report=${join(folder, name)}`);
    const merged = await merge(join(folder, '{0..2}.json'), ...outputs);
    expect([merged.code, merged.stdout]).toEqual([1, whole.stdout]);
    expect(merged.summary.replaceAll(/\d+ requests?.*/g, '')).toBe(whole.summary.replaceAll(/\d+ requests?.*/g, ''));
    expect(lasting(await read('all.json'))).toEqual(lasting(await read('whole.json')));
    expect(await readFile(join(folder, 'all.md'), 'utf8')).toContain('LOST');
    const stored = await merge(
      `oci://${reports.host}/jobs/reports:run-1-{0..2}`,
      `--report=${join(folder, 'oci.json')}`,
    );
    expect(stored.code).toBe(1);
    expect(await read('oci.json')).toEqual(await read('all.json'));
  });

  it('names a shard without a report, a report of another run, and what cannot be used', async () => {
    const { folder, run, merge, read } = await world();
    await run('0/3', join(folder, '0.json'));
    await run('1/3', join(folder, '1.json'), '--confirm');
    await writeFile(join(folder, '2.json'), '{"version": 2}');
    const { code, stderr } = await merge(join(folder, '{0..3}.json'), `--report=${join(folder, 'all.json')}`);
    expect(code).toBe(1);
    expect(stderr).toContain('2.json: it is not a JSON report of this version of kpromo');
    expect(stderr).toContain('3.json: there is no such file');
    expect(stderr).toContain('shard 2 of 3 has no report');
    expect(stderr).toMatch(/the report of shard 0 of 3 has the command dry-run, not promote; it is left out/);
    expect((await read('all.json')).failures.map(({ code: one }) => one)).toContain('SHARD_MISMATCH');
    const nothing = await merge(join(folder, '3.json'));
    expect(nothing.stderr.trimEnd().split('\n').at(-1)).toMatch(/level=fatal msg=.*no report can be used: .*3\.json/);
  });

  it('names a shard that was killed, and after its rerun returns the report of all', async () => {
    await ensureBuilt();
    const { folder, path, registries, run, merge, read } = await world();
    const report = (index: number): string => join(folder, `${index}.json`);
    // the killed shard is the one with the most images: it has requests enough
    const counts: number[] = [];
    for (const index of [0, 1]) counts.push((await dryShare(run, folder, index, read)).totals.images);
    const victim = (counts[0] ?? 0) < (counts[1] ?? 0) ? 1 : 0;
    await run(`${1 - victim}/2`, report(1 - victim), '--confirm');
    const last = 1 + Math.floor(Math.random() * 12);
    let requests = 0;
    const args = ['cip', '--confirm', '--sign=false', '--thin-manifest-dir', path, `--shard=${victim}/2`];
    const killed = startCli([...args, `--report=${report(victim)}`], { cwd: folder });
    for (const registry of registries)
      registry.inject(() => {
        requests += 1;
        if (requests === last) killed.process.kill('SIGKILL');
        return undefined;
      });
    expect((await killed.ended).signal, `request ${last}`).toBe('SIGKILL');
    const without = await merge(join(folder, '{0..1}.json'));
    expect([without.code, without.stderr]).toEqual([1, expect.stringContaining(`shard ${victim} of 2 has no report`)]);
    await run(`${victim}/2`, report(victim), '--confirm');
    await merge(join(folder, '{0..1}.json'), `--report=${join(folder, 'all.json')}`);
    const { failures } = await read('all.json');
    expect(failures.map(({ code }) => code)).toEqual(['LOST']);
    const held = Object.entries(registries[1]?.snapshot() ?? {}).map(([name, { tags }]) => [name, tags]);
    expect(Object.fromEntries(held)).toEqual(
      Object.fromEntries(IMAGES.map((one, index) => [`prod/app-${index}`, { v1: one.manifest.descriptor.digest }])),
    );
  });

  it('waits for reports that are not there yet, and for those of this run', async () => {
    const { folder, run, merge, reports } = await world();
    const tag = (index: number): string => `oci://${reports.host}/jobs/reports:run-${index}`;
    for (const index of [0, 1]) await run(`${index}/2`, index === 0 ? tag(0) : join(folder, 'old.json'));
    let looks = 0;
    reports.inject(async ({ path, method }) => {
      if (method !== 'HEAD' || !path.endsWith('/manifests/run-1')) return undefined;
      looks += 1;
      if (looks === 2) await run('1/2', tag(1), '--confirm');
      if (looks === 4) await run('0/2', tag(0), '--confirm');
      return undefined;
    });
    const { code, log } = await merge('--wait=10m', tag(0), tag(1));
    expect([code, looks >= 4]).toEqual([1, true]);
    expect(log.filter((line) => line.includes('waiting'))).toEqual(['info waiting for 1 report of 2']);
    expect(log.join('\n')).not.toContain('SHARD_');
  });

  it('gives up after the time of --wait', async () => {
    const { folder, run, merge } = await world();
    await run('0/2', join(folder, '0.json'));
    const { code, stderr } = await merge('--wait=1m', join(folder, '{0..1}.json'));
    expect(code).toBe(1);
    expect(stderr).toContain('shard 1 of 2 has no report');
  });

  it('stops waiting at a signal', async () => {
    const controller = new AbortController();
    setImmediate(() => controller.abort(stopReason('SIGTERM')));
    const { signal } = controller;
    const { code, stderr } = await kpromo(['report', 'merge', '--wait=9h', '/nonexistent/0.json'], { signal });
    expect([code, stderr]).toEqual([143, expect.stringContaining('stopped by SIGTERM')]);
  });
});

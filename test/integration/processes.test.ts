import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ReportDocument } from '../../src/report/model/schema.ts';
import { ensureBuilt, startCli, type RunningCli } from '../support/built-cli.ts';
import { childPids, isRunning } from '../support/child-pids.ts';
import { KNOWN_TO_BE_FAST_YAML } from '../support/promotion/fast-registries.ts';
import { kpromo } from '../support/promotion/cip.ts';
import { has, until } from '../support/promotion/stopping.ts';
import { writeTree } from '../support/promotion/tree.ts';
import type { Fault } from '../support/registry/faults.ts';
import { buildImage, buildMultiPlatform, storeImage } from '../support/registry/images.ts';
import type { RequestKind } from '../support/registry/route.ts';
import { startRegistries, type TestRegistry } from '../support/registry/server.ts';
import { comparable } from '../support/comparable-report.ts';

const IMAGES = [
  ...Array.from(
    { length: 6 },
    (_, index) => [`app${index}`, buildImage({ seed: 10 + index, layers: [2000] })] as const,
  ),
  ['multi', buildMultiPlatform({ seed: 40 }, ['linux/amd64', 'linux/arm64'])] as const,
];
const PROMOTE = ['cip', '--confirm', '--sign=false'];

type World = {
  readonly source: TestRegistry;
  readonly mirrors: readonly [TestRegistry, TestRegistry];
  readonly path: string;
  start(...args: readonly string[]): RunningCli;
  report(): Promise<ReportDocument>;
  /** Calls `hook` before each request to a registry is answered. */
  watch(hook: (kind: RequestKind) => Fault | void): void;
};

describe.skipIf(process.platform !== 'linux')('kpromo --processes', () => {
  const opened: AsyncDisposable[] = [];
  const running: RunningCli[] = [];
  beforeAll(ensureBuilt);
  afterEach(async () => {
    for (const { process: child } of running.splice(0)) child.kill('SIGKILL');
    await Promise.all(opened.splice(0).map((one) => one[Symbol.asyncDispose]()));
  });

  const world = async (): Promise<World> => {
    const [source, one, other] = (await startRegistries(3)) as [TestRegistry, TestRegistry, TestRegistry];
    for (const [name, image] of IMAGES) storeImage(source.store, `staging/${name}`, image);
    const tree = await writeTree([
      {
        name: 'p',
        from: `${source.host}/staging`,
        to: [one, other].map(({ host }) => `${host}/prod`),
        entries: IMAGES.map(([name, { manifest }]) => [name, manifest.descriptor.digest, 'v1'] as const),
      },
    ]);
    await writeFile(join(tree.path, 'registries.yaml'), KNOWN_TO_BE_FAST_YAML);
    opened.push(tree, ...[source, one, other].map(({ close }) => ({ [Symbol.asyncDispose]: close })));
    return {
      source,
      mirrors: [one, other],
      path: tree.path,
      start: (...args) => {
        const config = join(tree.path, 'registries.yaml');
        const where = ['--thin-manifest-dir', tree.path, '--registry-config', config];
        const cli = startCli([...args, ...where], { cwd: tree.path });
        running.push(cli);
        return cli;
      },
      report: async () => JSON.parse(await readFile(join(tree.path, 'r.json'), 'utf8')) as ReportDocument,
      watch: (hook) => {
        for (const registry of [source, one, other]) registry.inject(({ kind }) => hook(kind) ?? undefined);
      },
    };
  };
  const snapshots = ({ mirrors }: World) => mirrors.map((mirror) => mirror.snapshot());
  const count = (text: string, part: string): number => text.split(part).length - 1;

  /** The registries after a run of one process, and its report. */
  const single = async () => {
    const one = await world();
    const args = [...PROMOTE, '--thin-manifest-dir', one.path, '--report', join(one.path, 'r.json')];
    const { code, stderr } = await kpromo(args);
    expect(code, stderr).toBe(0);
    return { snapshots: snapshots(one), report: comparable(await one.report(), hostsOf(one)) };
  };
  const hostsOf = ({ source, mirrors, path }: World): readonly string[] => [
    source.host,
    ...mirrors.map(({ host }) => host),
    path,
  ];

  it('leaves the registries and the report of one process, and prints one log, one summary and one stream of events', async () => {
    const wanted = await single();
    const both = await world();
    const files = ['--report', 'r.json', '--report', 'r.md', '--events', 'e.jsonl', '--metrics-file', 'm.txt'];
    const { code, stderr } = await both.start(...PROMOTE, '--processes', '2', ...files).ended;
    expect(code, stderr).toBe(0);
    expect(snapshots(both)).toEqual(wanted.snapshots);
    expect(comparable(await both.report(), hostsOf(both))).toEqual(wanted.report);
    for (const once of [
      'msg="kpromo ',
      '*looking at',
      'Phase 1/5: setup',
      'Promoting 7 images',
      'Pipeline completed',
      '\nSummary: ',
    ])
      expect(count(stderr, once), once).toBe(1);
    expect(stderr).toContain('Summary: 7 of 7 images promoted (14 references)');
    expect(await readFile(join(both.path, 'r.md'), 'utf8')).toContain('7 images complete on all mirrors');
    const events = (await readFile(join(both.path, 'e.jsonl'), 'utf8')).trim().split('\n');
    const types = events.map((line) => (JSON.parse(line) as { type: string }).type);
    const once = ['run-started', 'run-ended', 'exit'];
    expect(types.filter((type) => once.includes(type))).toEqual(once);
    expect(types.filter((type) => type === 'phase-started')).toHaveLength(5);
    expect(types.filter((type) => type === 'image-promoted')).toHaveLength(7);
    const metrics = await readFile(join(both.path, 'm.txt'), 'utf8');
    expect(metrics).toContain('kpromo_images_total{state="promoted"} 7');
    const requests = [both.source, ...both.mirrors].reduce((sum, { counters }) => sum + counters.log.length, 0);
    const counted = [...metrics.matchAll(/^kpromo_requests_total\{.*\} (\d+)$/gm)];
    expect(counted.reduce((sum, [, number]) => sum + Number(number), 0)).toBe(requests);
  });

  it('starts a process again that was killed, and ends like an undisturbed run', async () => {
    const one = await world();
    const cli = one.start(...PROMOTE, '--processes', '2', '--report', 'r.json');
    let requests = 0;
    one.watch(() => {
      requests += 1;
      const [victim] = requests === 40 ? childPids(cli.process.pid ?? 0) : [];
      if (victim !== undefined) process.kill(victim, 'SIGKILL');
    });
    const { code, stderr } = await cli.ended;
    expect(code, stderr).toBe(0);
    expect(count(stderr, 'was ended by SIGKILL, as by a lack of memory; starting it again')).toBe(1);
    expect(count(stderr, '*looking at')).toBe(1);
    expect(Object.keys(one.mirrors[0].snapshot())).toHaveLength(IMAGES.length);
    expect(snapshots(one)[0]).toEqual(snapshots(one)[1]);
    expect((await one.report()).outcome).toBe('done');
  });

  it('fails with the name of the share whose process died twice, and keeps the work of the others', async () => {
    const one = await world();
    const cli = one.start(...PROMOTE, '--processes', '2', '--report', 'r.json');
    let first: readonly number[] | undefined;
    one.watch(() => {
      const children = childPids(cli.process.pid ?? 0);
      const victims =
        first === undefined ? children.slice(1, 2) : children.filter((pid) => first?.includes(pid) !== true);
      first ??= children;
      for (const pid of victims) process.kill(pid, 'SIGKILL');
    });
    const { code, stderr } = await cli.ended;
    expect(code, stderr).toBe(1);
    const { outcome, failures } = await one.report();
    expect(outcome).toBe('failed');
    expect(failures.map(({ message }) => message)).toEqual([expect.stringMatching(/shard 1\/2.*SIGKILL/)]);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/level=fatal .*shard 1\/2/);
    const copied = Object.keys(one.mirrors[0].snapshot()).length;
    expect(copied).toBeGreaterThan(0);
    expect(copied).toBeLessThan(IMAGES.length);
    expect(stderr).toContain(`Summary: ${copied} of `);
  });

  const silentWrites = (kind: RequestKind): Fault | void =>
    kind === 'put' || kind === 'deleteUpload' ? 'silent' : undefined;

  it('stops all processes with one signal, and prints one summary', async () => {
    const one = await world();
    one.watch((kind) => (kind === 'put' ? 'silent' : undefined));
    const cli = one.start(...PROMOTE, '--processes', '2');
    await until(() => has(one.mirrors[0], 'put'));
    const children = childPids(cli.process.pid ?? 0);
    expect(children).toHaveLength(2);
    cli.process.kill('SIGTERM');
    const { code, stderr } = await cli.ended;
    expect(code, stderr).toBe(143);
    expect(count(stderr, 'stopping: stopped by SIGTERM; send a second signal to end immediately')).toBe(1);
    expect(count(stderr, '\nSummary: ')).toBe(1);
    expect(stderr).toContain('stopped early: stopped by SIGTERM');
    expect(stderr).not.toContain('level=fatal');
    expect(one.mirrors.map((mirror) => mirror.openUploads())).toEqual([0, 0]);
    expect(children.filter(isRunning)).toEqual([]);
  });

  it.each([
    ['SIGINT', 'a second signal ends the main process'],
    ['SIGKILL', 'the main process is killed'],
  ] as const)('leaves no process when %s: %s', async (signal, _when) => {
    const one = await world();
    one.watch(silentWrites);
    const cli = one.start(...PROMOTE, '--processes', '2');
    await until(() => has(one.mirrors[0], 'put'));
    const children = childPids(cli.process.pid ?? 0);
    expect(children).toHaveLength(2);
    if (signal === 'SIGINT') {
      cli.process.kill('SIGTERM');
      await until(() => has(one.mirrors[0], 'deleteUpload'));
    }
    cli.process.kill(signal);
    const ended = await cli.ended;
    expect([ended.code, ended.signal]).toEqual(signal === 'SIGINT' ? [130, null] : [null, 'SIGKILL']);
    await until(() => !children.some(isRunning));
  });
});

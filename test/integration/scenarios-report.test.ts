import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeImage, buildImage } from '../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
import { digestOfLabel, imageOf } from '../support/promotion/plan-cases.ts';
import { brief, entry, stageIn, type Stage } from '../support/promotion/stage.ts';
import { writeTree, type ProjectSpec } from '../support/promotion/tree.ts';
import { openWorld, WORLDS } from '../support/promotion/worlds.ts';

const CONFIRM = ['--confirm', '--sign=false'];
const [A, B] = [digestOfLabel('A'), digestOfLabel('B')];

for (const kind of WORLDS.filter(([, where]) => where === 'http')) {
  describe(`the report of a run ${kind[0]}`, () => {
    let stage: Stage;
    beforeEach(async () => {
      stage = stageIn(await openWorld(kind, 3));
    });
    afterEach(() => stage.world[Symbol.asyncDispose]());

    it('tells what each mirror got and what it cost', async () => {
      const big = buildImage({ seed: 77, layers: [200_000, 300_000] });
      const { digest } = storeImage(stage.world.store(stage.staging), 'staging/app', big);
      const { report } = await stage.world.run('promote', [stage.project({ entries: [['app', digest, 'v1', 'v2']] })]);
      expect(report.images).toMatchObject([
        {
          name: 'app',
          digest,
          tags: ['v1', 'v2'],
          source: `${stage.staging}/staging/app@${digest}`,
          file: 'images/app/images.yaml',
          line: 3,
          // The manifest, the config and two layers, for both mirrors together.
          sourceReads: 4,
        },
      ]);
      const targets = report.images[0]?.targets ?? [];
      expect(targets.map(({ ref, action, attempts }) => [ref, action, attempts])).toEqual(
        stage.mirrors.flatMap((mirror) => [
          [`${mirror}/prod/app:v1`, 'copy', 1],
          [`${mirror}/prod/app:v2`, 'tag', 1],
        ]),
      );
      for (const { requests, bytes } of [targets[0], targets[2]].map((target) => target ?? { requests: 0, bytes: 0 })) {
        // POST and PUT for each of 3 blobs, a PUT between two HEADs for each of 2 tags.
        expect(requests).toBe(12);
        expect(bytes).toBeGreaterThan(500_000);
        expect(bytes).toBeLessThan(510_000);
      }
      expect(report.totals).toMatchObject({ images: 1, repositories: 2, present: 0, copied: 2, tagged: 2, failed: 0 });
    });

    it('sums up the traffic of every registry, the reads of the source once for all mirrors', async () => {
      const big = buildImage({ seed: 78, layers: [200_000] });
      const { digest } = storeImage(stage.world.store(stage.staging), 'staging/app', big);
      const { report } = await stage.world.run('promote', [stage.project({ entries: [['app', digest, 'v1']] })]);
      const of = (host: string): unknown => report.registries.find((registry) => registry.host === host);
      expect(report.registries.map(({ host }) => host)).toEqual([...stage.world.hosts].toSorted());
      // beside the manifest and two blobs, the tags and the referrers: what is attached to the image
      expect(of(stage.staging)).toMatchObject({ repositories: 0, failed: 0, requests: 5 });
      for (const mirror of stage.mirrors) expect(of(mirror)).toMatchObject({ repositories: 1, failed: 0 });
      const sum = (what: 'requests' | 'bytes'): number => report.registries.reduce((all, one) => all + one[what], 0);
      expect(report.totals).toMatchObject({ requests: sum('requests'), bytes: sum('bytes'), sourceReads: 3 });
      expect(sum('bytes')).toBeGreaterThan(600_000);
      expect(sum('bytes')).toBeLessThan(610_000);
    });

    it('names failed targets with their reason, whatever phase they failed in', async () => {
      stage.hold(stage.staging, 'staging/app', { A: [] });
      const project = stage.project({ entries: [entry('app', 'A', 'v1'), entry('app', 'B', 'v2')] });
      const { report } = await stage.world.run('promote', [project]);
      expect(report.failures.map(brief)).toEqual(['LOST images/app/images.yaml:6 prod/app:v2 prod/app:v2']);
      expect(
        report.images.map(({ digest, line, targets }) => [digest, line, targets.map(({ action }) => action)]),
      ).toEqual([
        [A, 3, ['copy', 'copy']],
        [B, 6, ['failed', 'failed']],
      ]);
      expect(report.images[1]?.targets[0]).toMatchObject({ code: 'LOST', reason: expect.stringContaining('_LOST_') });
      expect(report.totals).toMatchObject({ copied: 2, failed: 2 });
    });

    it('tells of a parse only what the manifests say', async () => {
      const project = stage.project({ entries: [entry('app', 'A', 'v1'), entry('app', 'B', 'v1')] });
      const { report } = await stage.world.run('parse', [project]);
      expect(report).toMatchObject({ registries: [], images: [], totals: { images: 2, requests: 0 } });
      expect(report.failures.map(({ code }) => code)).toEqual(['TAG_CONFLICT']);
    });
  });
}

describe('what `kpromo cip` prints and exits with', () => {
  let registries: TestRegistry[] = [];
  const start = async (count: number): Promise<void> => {
    registries = await Promise.all(Array.from({ length: count }, () => startRegistry({ google: true })));
  };
  afterEach(() => Promise.all(registries.map((registry) => registry.close())));

  const project = (...entries: ProjectSpec['entries']): ProjectSpec => ({
    name: 'app',
    from: `${registries[0]?.host}/staging`,
    to: registries.slice(1).map(({ host }) => `${host}/prod`),
    entries,
  });
  const run = async (wanted: ProjectSpec, ...flags: string[]): Promise<CipRun> => {
    await using tree = await writeTree([wanted]);
    const done = await cip(['--thin-manifest-dir', tree.path, ...flags]);
    // Ports and folders differ from run to run.
    const plain = registries.reduce((text, { host }, index) => text.replaceAll(host, `r${index}.test`), done.summary);
    return { ...done, summary: plain.replaceAll(tree.path, 'tree').replace(/\b[\d.]+m?s$/m, '<time>') };
  };
  const hold = (label: string): void => {
    const [staging] = registries;
    if (staging !== undefined) storeImage(staging.store, 'staging/app', imageOf(label));
  };
  const last = ({ stderr }: CipRun): string => stderr.trimEnd().split('\n').at(-1) ?? '';

  it('exits with 0 for what is pending in a dry run, 2 where that is asked for, 0 when nothing is left', async () => {
    await start(2);
    hold('A');
    const wanted = project(entry('app', 'A', 'v1'));
    expect((await run(wanted)).code).toBe(0);
    expect((await run(wanted, '--detailed-exitcode')).code).toBe(2);
    expect((await run(wanted, ...CONFIRM, '--detailed-exitcode')).code).toBe(0);
    const done = await run(wanted, '--detailed-exitcode');
    expect(done).toMatchObject({ code: 0, stdout: 'Plan: nothing to promote of 1 image\n' });
    expect(done.stderr).not.toContain('level=fatal');
  });

  it('exits with 1 for any failure, pending or not, the fatal line last', async () => {
    await start(2);
    hold('A');
    for (const flags of [[], ['--detailed-exitcode'], CONFIRM]) {
      const failed = await run(project(entry('app', 'A', 'v1'), entry('app', 'B', 'v2')), ...flags);
      expect(failed.code).toBe(1);
      expect(failed.stdout === '').toBe(flags === CONFIRM);
      expect(last(failed)).toMatch(
        /^time="[\d:.]+" level=fatal msg="run `cip run`: promote images: running promotion pipeline: phase \\"plan\\" failed: skipping .*_LOST_/,
      );
      expect(failed.stderr.match(/level=fatal/g)).toHaveLength(1);
    }
    const invalid = await run(project(['app', 'sha256:short', 'v1']), '--parse-only');
    expect(invalid.code).toBe(1);
    expect(last(invalid)).toContain('phase \\"setup\\" failed: ');
  });

  it('tells the same trouble of 22 mirrors in one line, in the plan and in the promotion', async () => {
    await start(23);
    hold('A');
    const wanted = project(entry('app', 'A', 'v1'));
    const mirrors = registries.slice(1);
    const errors = ({ log }: CipRun): string[] => log.filter((line) => line.startsWith('error '));
    for (const mirror of mirrors) mirror.inject(({ kind }) => (kind === 'list' ? { status: 403 } : undefined));
    const unread = await run(wanted, ...CONFIRM);
    expect(errors(unread)).toEqual([
      expect.stringMatching(/reading registry \S+ and 21 more: .*403 \(and 21 more destinations\); /),
    ]);

    for (const mirror of mirrors) mirror.inject(({ kind }) => (kind === 'putManifest' ? { status: 403 } : undefined));
    const unwritten = await run(wanted, ...CONFIRM);
    expect(errors(unwritten)).toEqual([
      expect.stringMatching(
        /^error edge \S+ -> \S+\/prod\/app:v1: .*403.*\(and 21 more destinations\) \[.*images\.yaml:3:\d+\]; /,
      ),
    ]);
    for (const { host } of mirrors) expect(unwritten.stderr).toContain(`  ${host}: 1 reference not written`);
  });

  it('ends with a summary that a person can act on', async () => {
    await start(3);
    hold('A');
    registries[2]?.inject(({ kind }) =>
      kind === 'putManifest'
        ? { status: 403, body: '{"errors":[{"code":"DENIED","message":"read only"}]}' }
        : undefined,
    );
    const { summary } = await run(project(entry('app', 'A', 'v1'), entry('app', 'B', 'v2')), ...CONFIRM);
    // The digests differ from run to run: they depend on which images other tests built before.
    expect(summary.replaceAll(/sha256:[0-9a-f]{12}…/g, 'sha256:<digest>')).toMatchInlineSnapshot(`
      "Summary: 0 of 2 images promoted (1 reference), 2 problems
        copied  app  v1  to 1 of 2 mirrors     sha256:<digest>
        failed  app  v2  on none of 2 mirrors  sha256:<digest>
        r2.test: 1 reference not written
        28 requests, 3 source reads, 2.5 KiB sent and received, <time>

      2 problems:
        LOST app@sha256:<digest>
            tree/images/app/images.yaml:6:5
            skipping r0.test/staging/app@sha256:<digest> because it is _LOST_ (can't find it in src registry!)
            on r1.test/prod/app:v2, r2.test/prod/app:v2
            → check the digest and the source registry of this entry, or push the image to staging again
        DENIED app@sha256:<digest>
            tree/images/app/images.yaml:3:5
            write the manifest r2.test/prod/app:v1: the registry answered 403: DENIED: read only
            on r2.test/prod/app:v1
            → use credentials for r2.test with permission for this, for instance through "docker login r2.test""
    `);
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeImage } from '../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';
import { cip, TEST_SPEED, type CipRun } from '../support/promotion/cip.ts';
import { digestOfLabel, imageOf, labelOf } from '../support/promotion/plan-cases.ts';
import { entry } from '../support/promotion/stage.ts';
import { writeTree, type ProjectSpec } from '../support/promotion/tree.ts';

const CONFIRM = ['--confirm', '--sign=false'];
/** How fast the clock runs while a mirror is away: its retry budget of two minutes is then 1.2 s. */
const HASTE = 100;
/** Writes of any kind: what a run with nothing to do must not send. */
const WRITES = new Set(['postUpload', 'patch', 'put', 'putManifest', 'deleteManifest']);

let registries: TestRegistry[];
const from = (index: number): TestRegistry => {
  const registry = registries[index];
  if (registry === undefined) throw new Error(`there is no registry ${index}`);
  return registry;
};
const hold = (index: number, path: string, label: string, ...tags: string[]): void =>
  void storeImage(from(index).store, path, imageOf(label), tags);
const tagsOf = (index: number, path: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(from(index).snapshot()[path]?.tags ?? {}).map(([tag, digest]) => [tag, labelOf(digest)]),
  );
const writes = (): number =>
  registries.flatMap(({ counters }) => counters.log).filter(({ kind }) => WRITES.has(kind)).length;

/** A project from registry 0 to all others. */
const project = (given: Partial<ProjectSpec> & Pick<ProjectSpec, 'entries'>): ProjectSpec => ({
  name: 'app',
  from: `${from(0).host}/staging`,
  to: registries.slice(1).map(({ host }) => `${host}/prod`),
  ...given,
});

async function run(
  projects: readonly ProjectSpec[],
  flags: readonly string[] = [],
  speed = TEST_SPEED,
): Promise<CipRun> {
  await using tree = await writeTree(projects);
  for (const { counters } of registries) counters.reset();
  return await cip(['--manifests', tree.path, ...flags], { speed });
}

const errors = ({ log }: CipRun): readonly string[] => log.filter((line) => line.startsWith('error '));
const last = ({ stderr }: CipRun): string => stderr.trimEnd().split('\n').at(-1) ?? '';

for (const google of [true, false]) {
  describe(`production failures of upstream, ${google ? 'with' : 'without'} the Google listing`, () => {
    beforeEach(async () => {
      registries = await Promise.all(Array.from({ length: 4 }, () => startRegistry({ google })));
    });
    afterEach(async () => {
      await Promise.all(registries.map((registry) => registry.close()));
      const unexpected = registries.flatMap((registry) => registry.unexpected);
      if (unexpected.length > 0) throw new Error(`requests that no registry knows: ${unexpected.join(', ')}`);
    });

    it('R1 promotes everything to a fresh registry', async () => {
      for (const label of ['A', 'B', 'C']) hold(0, 'staging/app', label);
      const wanted = project({
        entries: [entry('app', 'A', 'v1'), entry('app', 'B', 'v2', 'latest'), entry('app', 'C')],
      });
      const promoted = await run([wanted], CONFIRM);
      expect(promoted.code).toBe(0);
      for (const mirror of [1, 2, 3]) {
        expect(tagsOf(mirror, 'prod/app')).toEqual({ v1: 'A', v2: 'B', latest: 'B' });
        expect(Object.keys(from(mirror).snapshot()['prod/app']?.manifests ?? {})).toContain(digestOfLabel('C'));
      }
    });

    it('R1 fails when it can promote none of the new digests', async () => {
      const wanted = project({ entries: [entry('app', 'A', 'v1'), entry('app', 'B', 'v2')] });
      for (const flags of [[], CONFIRM]) {
        const failed = await run([wanted], flags);
        expect(failed.code).toBe(1);
        expect(errors(failed).filter((line) => line.includes('_LOST_'))).toHaveLength(2);
        expect(last(failed)).toContain('level=fatal');
      }
    });

    it('R2 writes nothing in a second run, whatever the order of nested and sibling-prefix names', async () => {
      for (const name of ['app', 'app-amd64']) hold(0, `staging/${name}`, name);
      const entries = ['app', 'app-amd64'].map((name) => entry(name, name, 'v1'));
      const roots = ['prod', 'prod/sub', 'prod/app', 'prod-eu'];
      for (const order of [roots, roots.toReversed()]) {
        const to = order.flatMap((root) => registries.slice(1).map(({ host }) => `${host}/${root}`));
        const wanted = project({ to, entries });
        expect((await run([wanted], CONFIRM)).code).toBe(0);
        const again = await run([wanted], CONFIRM);
        expect({ code: again.code, writes: writes() }).toEqual({ code: 0, writes: 0 });
        expect(again.log).toContain('info Nothing to promote.');

        hold(0, 'staging/app', 'moved');
        const moved = await run([{ ...wanted, entries: [entry('app', 'moved', 'v1')] }], CONFIRM);
        expect({ code: moved.code, writes: writes() }).toEqual({ code: 1, writes: 0 });
        expect(errors(moved).filter((line) => line.includes('tag moves are not supported'))).toHaveLength(1);
      }
    });

    it('R4 refuses to work with no threads, and ends with one', async () => {
      hold(0, 'staging/app', 'A');
      hold(0, 'staging/app', 'B');
      const wanted = project({ entries: [entry('app', 'A', 'v1'), entry('app', 'B', 'v2')] });
      for (const threads of ['0', '-1']) {
        const refused = await run([wanted], [...CONFIRM, `--threads=${threads}`]);
        expect({ code: refused.code, writes: writes() }).toEqual({ code: 1, writes: 0 });
        expect(last(refused)).toContain(`--threads=${threads} is not positive`);
      }
      expect((await run([wanted], [...CONFIRM, '--threads=1'])).code).toBe(0);
      expect(tagsOf(3, 'prod/app')).toEqual({ v1: 'A', v2: 'B' });
    });

    // Where each tag is looked up a tenth as many tell the same.
    const right = google ? 99 : 9;
    it(`R6 promotes ${right} good projects beside one with a LOST digest and one with a tag move`, async () => {
      const projects = Array.from({ length: right + 2 }, (_, index) => {
        const name = `project-${index}`;
        if (index !== 5) hold(0, `staging/${name}`, name);
        return project({ name, to: [`${from(1).host}/prod`], entries: [entry(name, name, 'v1')] });
      });
      hold(1, 'prod/project-7', 'other', 'v1');
      const promoted = await run(projects, CONFIRM);
      expect(promoted.code).toBe(1);
      expect(errors(promoted)).toEqual([
        expect.stringContaining('project-5:v1: skipping'),
        expect.stringMatching(/project-7:v1: tag 'v1' in dest points to .*images\/project-7\/images\.yaml:3/),
      ]);
      const complete = projects.filter(({ name }) => tagsOf(1, `prod/${name}`)['v1'] === name);
      expect(complete).toHaveLength(right);
      expect(last(promoted)).toMatch(/level=fatal .*phase \\"plan\\" failed.*\(and 1 more problem\)/);
    });

    it('R7 fails in a pull request and names the entry with the wrong digest', async () => {
      hold(0, 'staging/app', 'A');
      const wanted = project({ entries: [entry('app', 'A', 'v1'), entry('app', 'typo', 'v2')] });
      const checked = await run([wanted], ['--dry-run']);
      expect({ code: checked.code, writes: writes() }).toEqual({ code: 1, writes: 0 });
      expect(errors(checked)).toHaveLength(1);
      expect(errors(checked)[0]).toMatch(/_LOST_.*images\/app\/images\.yaml:6/);
      expect(checked.summary).toContain('images/app/images.yaml:6');
    });

    it('R9 fails when a mirror goes away in the middle, lists it, and completes only that one in the next run', async () => {
      for (const label of ['A', 'B', 'C']) hold(0, 'staging/app', label);
      const wanted = project({ entries: [entry('app', 'A', 'v1'), entry('app', 'B', 'v2'), entry('app', 'C', 'v3')] });
      let gone = false;
      from(2).inject(({ kind, nth }) => {
        gone ||= kind === 'putManifest' && nth > 1;
        return gone ? 'reset' : undefined;
      });
      const failed = await run([wanted], CONFIRM, HASTE);
      expect(failed.code).toBe(1);
      // The one that was written may not have been read back before the mirror went away.
      expect(failed.summary).toMatch(new RegExp(`${from(2).host}: .*(could not be read|not written)`));
      for (const mirror of [1, 3]) expect(tagsOf(mirror, 'prod/app')).toEqual({ v1: 'A', v2: 'B', v3: 'C' });
      expect(Object.keys(tagsOf(2, 'prod/app'))).toHaveLength(1);

      from(2).inject(undefined);
      expect((await run([wanted], CONFIRM)).code).toBe(0);
      expect(tagsOf(2, 'prod/app')).toEqual({ v1: 'A', v2: 'B', v3: 'C' });
      const wrote = registries.filter(({ counters }) => counters.log.some(({ kind }) => WRITES.has(kind)));
      expect(wrote.map(({ host }) => host)).toEqual([from(2).host]);
    });

    it('R18 promotes from the other sources when one is shut down, and says which', async () => {
      hold(0, 'staging/app', 'A');
      hold(3, 'second/app', 'B');
      from(0).inject(() => ({ status: 412, body: '{"errors":[{"code":"UNKNOWN","message":"project is shut down"}]}' }));
      const to = [from(1), from(2)].map(({ host }) => `${host}/prod`);
      const gone = project({ name: 'gone', to, entries: [entry('app', 'A', 'v1')] });
      const good = project({ name: 'good', from: `${from(3).host}/second`, to, entries: [entry('app', 'B', 'v2')] });
      const promoted = await run([gone, good], CONFIRM);
      expect(promoted.code).toBe(1);
      expect(errors(promoted)).toHaveLength(1);
      expect(errors(promoted)[0]).toMatch(
        new RegExp(`${from(0).host}/staging/app.*412.*project is shut down.*gone/images\\.yaml:3`),
      );
      for (const mirror of [1, 2]) expect(tagsOf(mirror, 'prod/app')).toEqual({ v2: 'B' });
    });
  });
}

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOfLabel } from '../support/promotion/plan-cases.ts';
import { brief, entry, stageIn, type Stage } from '../support/promotion/stage.ts';
import { openWorld, WORLDS } from '../support/promotion/worlds.ts';

type Case = readonly [name: string, test: (stage: Stage) => Promise<void>];

const what = (stage: Stage, path: string): unknown => stage.mirrors.map((mirror) => stage.holds(mirror, path));
const both = <T>(value: T): readonly [T, T] => [value, value];

/** What an image needs, from nothing at all to everything there. */
const NEEDS: readonly Case[] = [
  [
    'does nothing where everything is present',
    async (stage) => {
      for (const mirror of stage.mirrors) stage.hold(mirror, 'prod/app', { A: ['v1', 'v2'], B: [] });
      const project = stage.project({ entries: [entry('app', 'A', 'v1', 'v2'), entry('app', 'B')] });
      const before = stage.world.hosts.map(stage.world.snapshot);
      const { report, log } = await stage.world.run('promote', [project]);
      expect(report).toMatchObject({
        images: [],
        failures: [],
        totals: { images: 2, present: 4, copied: 0, tagged: 0 },
      });
      expect(log).toContain('info Nothing to promote.');
      expect(stage.world.hosts.map(stage.world.snapshot)).toEqual(before);
    },
  ],
  [
    'copies a missing digest with all its tags',
    async (stage) => {
      stage.hold(stage.staging, 'staging/app', { A: [] });
      const { report } = await stage.world.run('promote', [
        stage.project({ entries: [entry('app', 'A', 'v1', 'v1.0')] }),
      ]);
      expect(report.failures).toEqual([]);
      expect(report.images[0]?.targets.map(({ action }) => action)).toEqual(['copy', 'tag', 'copy', 'tag']);
      expect(what(stage, 'prod/app')).toEqual(both({ v1: 'A', 'v1.0': 'A' }));
    },
  ],
  [
    'writes only the missing tag of a present digest',
    async (stage) => {
      stage.hold(stage.staging, 'staging/app', { A: [] });
      for (const mirror of stage.mirrors) stage.hold(mirror, 'prod/app', { A: ['v1'] });
      // A later entry adds to an earlier one.
      const project = stage.project({ entries: [entry('app', 'A', 'v1'), entry('app', 'A', 'v2')] });
      const { report } = await stage.world.run('promote', [project]);
      expect(report.images[0]?.targets.map(({ ref, action }) => [ref, action])).toEqual(
        stage.mirrors.map((mirror) => [`${mirror}/prod/app:v2`, 'tag']),
      );
      expect(what(stage, 'prod/app')).toEqual(both({ v1: 'A', v2: 'A' }));
    },
  ],
  [
    'tags a digest that is present without a tag',
    async (stage) => {
      stage.hold(stage.staging, 'staging/app', { A: [] });
      for (const mirror of stage.mirrors) stage.hold(mirror, 'prod/app', { A: [] });
      const { report } = await stage.world.run('promote', [stage.project({ entries: [entry('app', 'A', 'v1')] })]);
      expect(report.totals).toMatchObject({ copied: 0, tagged: 2 });
      expect(what(stage, 'prod/app')).toEqual(both({ v1: 'A' }));
    },
  ],
  [
    'promotes a tagless digest, once',
    async (stage) => {
      stage.hold(stage.staging, 'staging/app', { A: ['v1'] });
      const project = stage.project({ entries: [entry('app', 'A')] });
      expect((await stage.world.run('promote', [project])).report.totals).toMatchObject({ copied: 2, failed: 0 });
      expect(what(stage, 'prod/app')).toEqual(both({ A: 'tagless' }));
      expect((await stage.world.run('promote', [project])).report).toMatchObject({
        images: [],
        totals: { present: 2 },
      });
    },
  ],
  [
    'completes only the mirror that lacks something',
    async (stage) => {
      stage.hold(stage.staging, 'staging/app', { A: [] });
      stage.hold(stage.mirrors[0], 'prod/app', { A: ['v1'] });
      const { report } = await stage.world.run('promote', [stage.project({ entries: [entry('app', 'A', 'v1')] })]);
      expect(report.images[0]?.targets.map(({ ref }) => ref)).toEqual([`${stage.mirrors[1]}/prod/app:v1`]);
      expect(report.totals.present).toBe(1);
    },
  ],
  [
    'tags in place where destination and source are the same',
    async (stage) => {
      stage.hold(stage.staging, 'staging/app', { A: ['nightly'] });
      const project = stage.project({ to: [`${stage.staging}/staging`], entries: [entry('app', 'A', 'v1')] });
      expect((await stage.world.run('promote', [project])).report).toMatchObject({
        failures: [],
        totals: { tagged: 1 },
      });
      expect(stage.holds(stage.staging, 'staging/app')).toEqual({ nightly: 'A', v1: 'A' });
    },
  ],
];

/** Tags that point elsewhere, digests that are not there, wishes that contradict each other. */
const REFUSALS: readonly Case[] = [
  [
    'never moves a tag, names both digests and the way out, and promotes the other tags',
    async (stage) => {
      stage.hold(stage.staging, 'staging/app', { B: [] });
      for (const mirror of stage.mirrors) stage.hold(mirror, 'prod/app', { A: ['v1'] });
      const project = stage.project({ entries: [entry('app', 'B', 'v1', 'v2')] });
      for (const mode of ['dry-run', 'promote'] as const) {
        const { report, log } = await stage.world.run(mode, [project]);
        expect(report.failures.map(brief)).toEqual(['TAG_MOVE images/app/images.yaml:3 prod/app:v1 prod/app:v1']);
        const [from, to] = [digestOfLabel('A'), digestOfLabel('B')];
        const line = `tag 'v1' in dest points to ${from}, not ${to}; tag moves are not supported (and 1 more destination)`;
        expect(log.filter((text) => text.startsWith('error ') && text.includes(line))).toHaveLength(1);
        expect(report.failures[0]?.hint).toBe(
          `tags are immutable: give ${to} a new tag, or set the entry back to ${from}`,
        );
      }
      expect(what(stage, 'prod/app')).toEqual(both({ v1: 'A', v2: 'B' }));
    },
  ],
  [
    'never moves a tag to a digest that is there under another tag',
    async (stage) => {
      stage.hold(stage.staging, 'staging/app', { B: [] });
      for (const mirror of stage.mirrors) stage.hold(mirror, 'prod/app', { A: ['v1'], B: ['v2'] });
      const { report, log } = await stage.world.run('promote', [
        stage.project({ entries: [entry('app', 'B', 'v1', 'v2')] }),
      ]);
      expect(report.failures.map(brief)).toEqual(['TAG_MOVE images/app/images.yaml:3 prod/app:v1 prod/app:v1']);
      expect(log.filter((text) => text.includes('tag v1: tag move detected'))).toHaveLength(1);
      expect(report.failures[0]?.message).toContain(digestOfLabel('A'));
      expect(what(stage, 'prod/app')).toEqual(both({ v1: 'A', v2: 'B' }));
    },
  ],
  [
    'fails for a LOST digest, and promotes the others',
    async (stage) => {
      stage.hold(stage.staging, 'staging/app', { A: [] });
      const project = stage.project({ entries: [entry('app', 'A', 'v1'), entry('app', 'B', 'v2'), entry('app', 'C')] });
      const { report, log } = await stage.world.run('promote', [project]);
      expect(report.failures.map(brief)).toEqual([
        'LOST images/app/images.yaml:6 prod/app:v2 prod/app:v2',
        'LOST images/app/images.yaml:9 prod/app@C prod/app@C',
      ]);
      const said = `edge ${stage.staging}/staging/app@${digestOfLabel('B')} -> ${stage.mirrors[0]}/prod/app:v2: skipping ${stage.staging}/staging/app@${digestOfLabel('B')} because it is _LOST_ (can't find it in src registry!)`;
      expect(log.filter((text) => text.startsWith(`error ${said}`))).toHaveLength(1);
      expect(what(stage, 'prod/app')).toEqual(both({ v1: 'A' }));
    },
  ],
  [
    'says nothing of a LOST digest that is promoted everywhere, and names the mirrors where it is not',
    async (stage) => {
      for (const mirror of stage.mirrors) stage.hold(mirror, 'prod/app', { A: ['v1'] });
      stage.hold(stage.mirrors[0], 'prod/app', { B: ['v2'] });
      const project = stage.project({ entries: [entry('app', 'A', 'v1'), entry('app', 'B', 'v2')] });
      const { report } = await stage.world.run('promote', [project]);
      expect(report.failures.map(({ code, refs }) => ({ code, refs }))).toEqual([
        { code: 'LOST', refs: [`${stage.mirrors[1]}/prod/app:v2`] },
      ]);
    },
  ],
  [
    'takes out a tag that two manifests want for different digests, naming both files and lines',
    async (stage) => {
      stage.hold(stage.staging, 'staging/app', { A: [], B: [] });
      const entries = [entry('app', 'A', 'v1', 'v2')];
      const other = stage.project({ name: 'other', entries: [entry('app', 'B', 'v3'), entry('app', 'B', 'v1')] });
      const { report } = await stage.world.run('promote', [stage.project({ entries }), other]);
      expect(report.failures.map(brief)).toEqual(['TAG_CONFLICT images/app/images.yaml:3 prod/app:v1 prod/app:v1']);
      const said = report.failures[0]?.message;
      expect(said).toContain('overlapping edges detected');
      expect(said).toContain(`${digestOfLabel('A')} (images/app/images.yaml:3)`);
      expect(said).toContain(`${digestOfLabel('B')} (images/other/images.yaml:6)`);
      expect(what(stage, 'prod/app')).toEqual(both({ v2: 'A', v3: 'B' }));
    },
  ],
  [
    'promotes 99 good entries beside one that is broken',
    async (stage) => {
      const labels = Array.from({ length: 100 }, (_, index) => `many-${index}`);
      const good = labels.filter((label) => label !== 'many-42');
      stage.hold(stage.staging, 'staging/app', Object.fromEntries(good.map((label) => [label, []])));
      const project = stage.project({ entries: labels.map((label) => entry('app', label, label)) });
      const { report } = await stage.world.run('promote', [project]);
      expect(report.failures.map(brief)).toEqual(['LOST images/app/images.yaml:129 prod/app:many-42 prod/app:many-42']);
      expect(report.totals).toMatchObject({ images: 100, copied: 198 });
      expect(what(stage, 'prod/app')).toEqual(both(Object.fromEntries(good.map((label) => [label, label]))));
    },
  ],
];

for (const kind of WORLDS) {
  describe(`the rules of the plan ${kind[0]}`, () => {
    let stage: Stage;
    beforeEach(async () => {
      stage = stageIn(await openWorld(kind, 3));
    });
    afterEach(() => stage.world[Symbol.asyncDispose]());

    it.for([...NEEDS, ...REFUSALS])('%s', async ([, expectCase]) => {
      await expectCase(stage);
    });
  });
}

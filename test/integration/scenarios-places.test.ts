import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOfLabel } from '../support/promotion/plan-cases.ts';
import { brief, entry, stageIn, type Stage } from '../support/promotion/stage.ts';
import { openWorld, WORLDS, type Trouble } from '../support/promotion/worlds.ts';

type Case = readonly [name: string, test: (stage: Stage) => Promise<void>];

const what = (stage: Stage, path: string): unknown => stage.mirrors.map((mirror) => stage.holds(mirror, path));
const both = <T>(value: T): readonly [T, T] => [value, value];

/** Repositories whose names or contents are easily confused. */
const NAMES: readonly Case[] = [
  [
    'keeps destinations apart of which one begins with the name of the other',
    async (stage) => {
      const { staging, mirrors } = stage;
      stage.hold(staging, 'staging/foo', { A: [], B: [] });
      const outer = stage.project({
        name: 'outer',
        to: mirrors.map((mirror) => `${mirror}/prod/images`),
        entries: [entry('foo', 'A', 'v1')],
      });
      const inner = stage.project({
        name: 'inner',
        to: mirrors.map((mirror) => `${mirror}/prod/images/foo`),
        entries: [entry('foo', 'B', 'v1')],
      });
      for (const projects of [
        [outer, inner],
        [inner, outer],
      ]) {
        const { report } = await stage.world.run('promote', projects);
        expect(report.failures).toEqual([]);
        expect(what(stage, 'prod/images/foo')).toEqual(both({ v1: 'A' }));
        expect(what(stage, 'prod/images/foo/foo')).toEqual(both({ v1: 'B' }));
      }
      const moved = stage.project({ ...outer, entries: [entry('foo', 'B', 'v1')] });
      const { report } = await stage.world.run('promote', [inner, moved]);
      expect(report.failures.map(brief)).toEqual([
        'TAG_MOVE images/outer/images.yaml:3 prod/images/foo:v1 prod/images/foo:v1',
      ]);
    },
  ],
  [
    'sees one repository that two projects name in different ways',
    async (stage) => {
      stage.hold(stage.staging, 'staging/foo', { A: [] });
      stage.hold(stage.staging, 'staging/images/foo', { B: [] });
      const outer = stage.project({ name: 'outer', entries: [entry('images/foo', 'B', 'v1', 'v2')] });
      const to = stage.mirrors.map((mirror) => `${mirror}/prod/images`);
      const inner = stage.project({ name: 'inner', to, entries: [entry('foo', 'A', 'v1', 'v3')] });
      const { report } = await stage.world.run('promote', [outer, inner]);
      expect(report.failures.map(({ code }) => code)).toEqual(['TAG_CONFLICT']);
      expect(report.failures[0]?.message).toMatch(/images\/outer\/images\.yaml:3.*images\/inner\/images\.yaml:3/);
      expect(what(stage, 'prod/images/foo')).toEqual(both({ v2: 'B', v3: 'A' }));
    },
  ],
  [
    'keeps images apart whose names begin alike',
    async (stage) => {
      stage.hold(stage.staging, 'staging/metrics-server', { A: [] });
      stage.hold(stage.staging, 'staging/metrics-server-amd64', { B: [] });
      for (const mirror of stage.mirrors) stage.hold(mirror, 'prod/metrics-server-amd64', { B: ['v1'] });
      const entries = [entry('metrics-server', 'A', 'v1'), entry('metrics-server-amd64', 'B', 'v1')];
      const { report } = await stage.world.run('promote', [stage.project({ entries })]);
      expect(report).toMatchObject({ failures: [], totals: { copied: 2, present: 2 } });
      expect(what(stage, 'prod/metrics-server')).toEqual(both({ v1: 'A' }));
      expect(what(stage, 'prod/metrics-server-amd64')).toEqual(both({ v1: 'B' }));
    },
  ],
  [
    'promotes the same digest to two repositories',
    async (stage) => {
      stage.hold(stage.staging, 'staging/app', { A: [] });
      stage.hold(stage.staging, 'staging/copy', { A: [] });
      const entries = [entry('app', 'A', 'v1'), entry('copy', 'A', 'v1', 'v2')];
      const { report } = await stage.world.run('promote', [stage.project({ entries })]);
      expect(report).toMatchObject({ failures: [], totals: { copied: 4, tagged: 2 } });
      expect(what(stage, 'prod/app')).toEqual(both({ v1: 'A' }));
      expect(what(stage, 'prod/copy')).toEqual(both({ v1: 'A', v2: 'A' }));
    },
  ],
  [
    'adds up what several manifests want of one destination',
    async (stage) => {
      stage.hold(stage.staging, 'staging/app', { A: [], B: [] });
      const one = stage.project({ name: 'one', entries: [entry('app', 'A', 'v1')] });
      const two = stage.project({ name: 'two', entries: [entry('app', 'B', 'v2'), entry('app', 'A', 'v1', 'v1.0')] });
      const { report } = await stage.world.run('promote', [one, two]);
      expect(report.failures).toEqual([]);
      expect(what(stage, 'prod/app')).toEqual(both({ v1: 'A', 'v1.0': 'A', v2: 'B' }));
      expect((await stage.world.run('promote', [one, two])).report.images).toEqual([]);
    },
  ],
  [
    'promotes a digest that two projects want from the source that has it',
    async (stage) => {
      stage.hold(stage.staging, 'second/app', { A: [] });
      const lost = stage.project({ name: 'lost', entries: [entry('app', 'A', 'v1')] });
      const good = stage.project({ name: 'good', from: `${stage.staging}/second`, entries: [entry('app', 'A', 'v1')] });
      for (const projects of [
        [lost, good],
        [good, lost],
      ]) {
        const dry = await stage.world.run('dry-run', projects);
        expect(dry.report).toMatchObject({ failures: [], totals: { pending: 2 } });
      }
      const { report } = await stage.world.run('promote', [lost, good]);
      expect(report).toMatchObject({ failures: [], totals: { copied: 2 } });
      expect(what(stage, 'prod/app')).toEqual(both({ v1: 'A' }));
    },
  ],
];

const twoImages = (stage: Stage): ReturnType<Stage['project']> => {
  stage.hold(stage.staging, 'staging/app', { A: [] });
  stage.hold(stage.staging, 'staging/other', { B: [] });
  return stage.project({ entries: [entry('app', 'A', 'v1'), entry('other', 'B', 'v1')] });
};

/** Registries that do not answer as they should. */
const TROUBLES: readonly Case[] = [
  [
    'promotes to the other mirrors when one cannot be reached',
    async (stage) => {
      const away = stage.world.nowhere();
      const project = { ...twoImages(stage), to: [away, stage.mirrors[1]].map((host) => `${host}/prod`) };
      for (const mode of ['dry-run', 'promote'] as const) {
        const { report } = await stage.world.run(mode, [project]);
        expect(report.failures.map(brief)).toEqual(['NETWORK prod/app prod/other']);
        expect(report.failures[0]?.message).toContain(`reading registry ${away}: `);
        expect(report.registries.find(({ host }) => host === away)).toMatchObject({ failed: 2 });
        expect(report.totals).toMatchObject({
          pending: mode === 'dry-run' ? 2 : 0,
          copied: mode === 'promote' ? 2 : 0,
        });
      }
      expect(stage.holds(stage.mirrors[1], 'prod/app')).toEqual({ v1: 'A' });
      expect(stage.holds(stage.mirrors[1], 'prod/other')).toEqual({ v1: 'B' });
    },
  ],
  [
    'promotes from the other sources when one cannot be reached, and says nothing of what is complete',
    async (stage) => {
      stage.hold(stage.mirrors[1], 'second/app', { B: [] });
      for (const mirror of stage.mirrors) stage.hold(mirror, 'prod/app', { C: ['done'] });
      const away = `${stage.world.nowhere()}/staging`;
      const entries = [entry('app', 'A', 'v1'), entry('app', 'C', 'done')];
      const gone = stage.project({ name: 'gone', from: away, entries });
      const good = stage.project({
        name: 'good',
        from: `${stage.mirrors[1]}/second`,
        entries: [entry('app', 'B', 'v2')],
      });
      const { report } = await stage.world.run('promote', [gone, good]);
      expect(report.failures.map(brief)).toEqual(['NETWORK images/gone/images.yaml:3 prod/app:v1 prod/app:v1']);
      expect(report.failures[0]).toMatchObject({ source: `${away}/app@${digestOfLabel('A')}` });
      expect(what(stage, 'prod/app')).toEqual(both({ v2: 'B', done: 'C' }));
    },
  ],
];

function refusedBy(status: Trouble): readonly Case[] {
  return [
    [
      `writes nothing to a repository whose listing answers ${status}, as if it were empty`,
      async (stage) => {
        const project = twoImages(stage);
        stage.world.trouble(`${stage.mirrors[0]}/prod/app`, status, 'list');
        const { report } = await stage.world.run('promote', [project]);
        expect(report.failures.map(brief)).toEqual([`${status === 401 ? 'UNAUTHORIZED' : 'DENIED'} prod/app`]);
        expect(stage.holds(stage.mirrors[0], 'prod/app')).toEqual({});
        expect(stage.holds(stage.mirrors[1], 'prod/app')).toEqual({ v1: 'A' });
        expect(what(stage, 'prod/other')).toEqual(both({ v1: 'B' }));
      },
    ],
    [
      `does not call a digest LOST whose source answers ${status}`,
      async (stage) => {
        const project = twoImages(stage);
        stage.world.trouble(`${stage.staging}/staging/app`, status);
        const { report } = await stage.world.run('promote', [project]);
        expect(report.failures.map(brief)).toEqual([
          `${status === 401 ? 'UNAUTHORIZED' : 'DENIED'} images/app/images.yaml:3 prod/app:v1 prod/app:v1`,
        ]);
        expect(what(stage, 'prod/other')).toEqual(both({ v1: 'B' }));
      },
    ],
  ];
}

for (const kind of WORLDS) {
  describe(`the places of a plan ${kind[0]}`, () => {
    let stage: Stage;
    beforeEach(async () => {
      stage = stageIn(await openWorld(kind, 3));
    });
    afterEach(() => stage.world[Symbol.asyncDispose]());

    it.for([...NAMES, ...TROUBLES, ...refusedBy(401), ...refusedBy(403)])('%s', async ([, expectCase]) => {
      await expectCase(stage);
    });
  });
}

import { describe, expect, it } from 'vitest';
import { compilePattern } from '../image/pattern.ts';
import { imageLevel, requiring } from '../../test/support/policies.ts';
import { testContext } from '../../test/support/promotion/context.ts';
import { loadedTree, type ProjectSpec } from '../../test/support/promotion/tree.ts';
import type { SourcePolicy } from '../manifest/manifest.ts';
import type { DiffBase } from '../manifest/history/diff-base.ts';
import { setup, type Loaded, type SetupServices } from './setup.ts';

const A = `sha256:${'a'.repeat(64)}`;
const NOTHING: DiffBase['changed'] = { files: new Set(), isChanged: () => Promise.resolve(false) };
const B = `sha256:${'b'.repeat(64)}`;

describe('src/phases/setup.ts', () => {
  it('returns the wanted images, and fails for invalid entries and disputes without a request', async () => {
    const { context, log } = testContext();
    const entries = [
      ['app', A, 'v1'],
      ['app', 'sha256:short', 'v2'],
      ['app', B, 'v1', 'v3'],
    ] as const;
    const load = (): Promise<ReturnType<typeof loadedTree>> =>
      Promise.resolve(loadedTree([{ name: 'p', from: 'a.test', to: ['b.test'], entries }]));
    const { sets, failures } = await setup({ load }).run({}, context);
    expect(sets.flatMap(({ images }) => images.map(({ digest }) => digest))).toEqual([A, B]);
    expect(failures.map(({ phase, code, at }) => [phase, code, at?.line])).toEqual([
      ['setup', 'ENTRY_INVALID', 6],
      ['setup', 'TAG_CONFLICT', 3],
    ]);
    expect(log).toHaveLength(2);
    expect(log[0]).toMatch(/^error images\/p\/images\.yaml:6:\d+: /);
  });

  const spec = (entries: ProjectSpec['entries'], to = ['b.test']): ProjectSpec => ({
    name: 'p',
    from: 'a.test',
    to,
    entries,
  });
  const compared = async (
    base: readonly ProjectSpec[],
    head: readonly ProjectSpec[],
    more: Partial<DiffBase> = {},
  ): Promise<{ loaded: Loaded; log: readonly string[] }> => {
    const { context, log } = testContext();
    const services: SetupServices = {
      load: () => Promise.resolve(loadedTree(head)),
      loadBase: () =>
        Promise.resolve({ base: loadedTree(base), commit: 'c'.repeat(40), isDirty: false, changed: NOTHING, ...more }),
    };
    return { loaded: await setup(services).run({}, context), log };
  };

  it('rejects a standby that no manifest names', async () => {
    const { context } = testContext();
    const standby = (text: string) => [
      { match: compilePattern('*.test'), route: { through: 'r.example', standby: [compilePattern(text)] } },
    ];
    const run = (text: string): Promise<Loaded> =>
      setup({
        load: () => Promise.resolve(loadedTree([spec([['app', A, 'v1']], ['b.test', 'c.test'])])),
        primary: { attachments: standby(text) },
      }).run({}, context);
    expect((await run('c.test')).failures).toEqual([]);
    await expect(run('d.test')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(
        'the standby "d.test" of "*.test" matches no destination of the manifests',
      ) as string,
    });
  });

  it('returns and logs the difference from the base', async () => {
    const base = [
      spec([
        ['app', A, 'v1'],
        ['gone', A, 'v1'],
      ]),
    ];
    const { loaded, log } = await compared(base, [
      spec(
        [
          ['app', A, 'v1', 'v2'],
          ['app', B, 'v3'],
        ],
        ['b.test', 'new.test'],
      ),
    ]);
    expect(loaded.sets.map(({ destinations, images }) => [destinations, images.map(({ digest }) => digest)])).toEqual([
      [
        ['b.test', 'new.test'],
        [A, B],
      ],
    ]);
    expect(loaded.diff?.base.projects).toHaveLength(1);
    expect(loaded.diff?.unchanged).toBe(0);
    expect(log).toEqual([
      'info Comparing with commit cccccccccccc',
      'info   added: 1 digest',
      'info   retagged: 1 digest',
      'info   backfilled to new.test: 1 digest',
      'info Stays in production, no longer managed:',
      'info   gone@sha256:aaaaaaaaaaaa… (v1)',
      'info Changed policies and registries:',
      'info   p: mirrors',
      'info     new: new.test',
      'info Found 2 digests to process in diff',
    ]);
  });

  it('applies the policies of the base as well, and logs their changes', async () => {
    const entries = [['app', A, 'v1']] as const;
    const before = loadedTree([spec([])]);
    const provenance = requiring({ sources: ['before'] });
    const base = { ...before, projects: before.projects.map((project) => ({ ...project, policy: { provenance } })) };
    const { loaded, log } = await compared([], [spec(entries)], { base });
    const [image] = loaded.sets.flatMap(({ images }) => images);
    expect(image?.policies?.provenance).toEqual([{ ...provenance, isBase: true }]);
    expect(loaded.diff?.all.flatMap(({ images }) => images)[0]).toBe(image);
    expect(loaded.diff?.diff.policyChanges).toMatchObject([{ kind: 'provenance', project: 'p' }]);
    expect(log.slice(2, 5)).toEqual([
      'info Changed policies and registries:',
      'info   p: provenance policy',
      expect.stringMatching(/^info {5}was: require; .*; sources before$/),
    ]);
  });

  it('logs how strict policies are, and which are off', async () => {
    const { context, log } = testContext();
    const provenance = requiring();
    const policy = (project: string, mode: 'off' | 'warn' | 'require'): SourcePolicy => ({
      project,
      manifestFile: 'f',
      source: 's.test',
      provenance: { ...provenance, mode },
    });
    const off = Array.from({ length: 12 }, (_, index) => policy(`c${index}`, 'off'));
    const policies = [policy('a', 'require'), policy('b', 'warn'), ...off];
    await setup({ load: () => Promise.resolve({ projects: [], problems: [], policies }) }).run({}, context);
    expect(log).toEqual([
      'info Provenance policies: 1 of 14 require, 1 warn',
      'warning Provenance policies that are off and ask nothing: c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, and 2 more; set "mode" to warn or require',
    ]);
  });

  it('logs the levels that no image has to reach', async () => {
    const { context, log } = testContext();
    const { projects } = loadedTree([
      { name: 'p', from: 's.test', to: ['d.test'], entries: [['charts/app', A, 'v1']] },
    ]);
    const levels = [imageLevel(3, 'charts/*', 'd.test/charts/app'), imageLevel(2, 'ap')];
    const policies = (['require', 'off'] as const).map((mode) => ({
      project: 'p',
      manifestFile: 'f',
      source: 's.test',
      provenance: requiring({ mode, levels }),
    }));
    await setup({ load: () => Promise.resolve({ projects, problems: [], policies }) }).run({}, context);
    expect(log).toContain(
      'warning Levels of provenance policies that no image has to reach: d.test/charts/app (p), ap (p); check the names under "levels"',
    );
  });

  it('logs the line of upstream when nothing differs', async () => {
    const same = [spec([['app', A, 'v1']])];
    const { loaded, log } = await compared(same, same);
    expect([loaded.sets, loaded.diff?.unchanged]).toEqual([[], 1]);
    expect(log.at(-1)).toBe('info No digests found in prow diff, nothing to promote');
  });

  it('logs the base of a comparison if there is no commit, or uncommitted changes', async () => {
    const broken = [
      spec([
        ['app', A, 'v1'],
        ['app', 'sha256:short', 'v2'],
      ]),
    ];
    const { log } = await compared(broken, [spec([['app', A, 'v1']])], { isDirty: true });
    expect(log.slice(1, 3)).toEqual([
      'info The manifests have changes that are not committed; they count',
      'info Of that commit 1 place cannot be read; what stands there counts as new',
    ]);
  });

  it('names no more than ten of the images that are no longer managed', async () => {
    const many = Array.from({ length: 12 }, (_, index) => [`app${index}`, A] as const);
    const { log } = await compared([spec(many)], [spec([])]);
    expect(log.filter((line) => line.includes('app'))).toHaveLength(10);
    expect(log).toContain('info   and 2 more');
  });

  it('finds disputes in the whole tree, also with what did not change', async () => {
    const base = [spec([['app', A, 'v1']])];
    const { loaded } = await compared(base, [
      spec([
        ['app', A, 'v1'],
        ['app', B, 'v1'],
      ]),
    ]);
    expect(loaded.failures.map(({ code }) => code)).toEqual(['TAG_CONFLICT']);
    expect(loaded.sets.flatMap(({ images }) => images.map(({ digest }) => digest))).toEqual([B]);
    expect(loaded.diff?.all.flatMap(({ images }) => images.map(({ digest }) => digest))).toEqual([A, B]);
  });

  it('does not load the base if the tree does not exist', async () => {
    const { context } = testContext();
    const problem = {
      code: 'MANIFEST_NOT_FOUND',
      message: 'm',
      hint: 'h',
      position: { file: 'f', line: 1, column: 1 },
    } as const;
    const services: SetupServices = {
      load: () => Promise.resolve({ projects: [], problems: [problem] }),
      loadBase: () => Promise.reject(new Error('it was asked')),
    };
    const { failures } = await setup(services).run({}, context);
    expect(failures.map(({ code }) => code)).toEqual(['MANIFEST_NOT_FOUND']);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePlain } from '../parse.ts';
import type { Project } from '../manifest.ts';
import { diffTrees, type ImageChange } from './tree-diff.ts';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;

/** A project as people write it. */
const parsed = (name: string, text: string): Project => {
  const { project, problems } = parsePlain(name, { file: name, bytes: new TextEncoder().encode(text) }, undefined);
  expect(problems).toEqual([]);
  return project ?? expect.fail('there is no project');
};
const registries = (source: string, mirrors: readonly string[]): string =>
  `registries:\n- {name: ${source}, src: true}\n${mirrors.map((mirror) => `- {name: ${mirror}}\n`).join('')}`;
type Images = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
const project = (images: Images, mirrors = ['m.test', 'n.test'], source = 's.test', name = 'p'): Project =>
  parsed(
    name,
    `${registries(source, mirrors)}images:${Object.keys(images).length === 0 ? ' []' : ''}\n${Object.entries(images)
      .map(([image, dmap]) => `- {name: ${image}, dmap: ${JSON.stringify(dmap)}}\n`)
      .join('')}`,
  );
/** A change in one line: kind, image, tags, destinations. */
const line = ({ kind, name, digest, tags, destinations }: ImageChange): string =>
  `${kind} ${name}@${digest.slice(7, 8)} [${tags.join(' ')}] ${destinations.join(' ')}`;
const lines = (base: readonly Project[], head: readonly Project[]): { changes: string[]; removed: string[] } => {
  const { changes, removed } = diffTrees(base, head);
  return { changes: changes.map(line), removed: removed.map(line) };
};
const nothing = { changes: [], removed: [] };

describe('src/manifest/diff/tree-diff.ts', () => {
  it('finds added digests and tags', () => {
    const base = [project({ app: { [A]: ['v1'] } })];
    expect(lines(base, [project({ app: { [A]: ['v1', 'latest'], [B]: ['v2'] }, other: { [A]: [] } })])).toEqual({
      changes: [
        'retagged app@a [latest] m.test n.test',
        'added app@b [v2] m.test n.test',
        'added other@a [] m.test n.test',
      ],
      removed: [],
    });
  });

  it('returns a backfill of all images to a new mirror, and new tags on the others', () => {
    const base = [project({ app: { [A]: ['v1'], [B]: [] } })];
    const head = [project({ app: { [A]: ['v1', 'v2'], [B]: [] } }, ['m.test', 'new.test', 'n.test'])];
    expect(lines(base, head)).toEqual({
      changes: [
        'retagged app@a [v2] m.test n.test',
        'backfilled app@a [v1 v2] new.test',
        'backfilled app@b [] new.test',
      ],
      removed: [],
    });
  });

  it('finds a changed source registry, which takes nothing away', () => {
    const base = [project({ app: { [A]: ['v1', 'v2'] } })];
    expect(lines(base, [project({ app: { [A]: ['v1'] } }, ['m.test', 'n.test'], 'new.test')])).toEqual({
      changes: ['resourced app@a [v1] m.test n.test'],
      removed: ['retagged app@a [v2] m.test n.test'],
    });
  });

  it('returns the digests, tags, mirrors and projects that are no longer managed', () => {
    const base = [
      project({ app: { [A]: ['v1', 'v2'], [B]: ['v3'] } }),
      project({ old: { [A]: [] } }, ['m.test'], 's.test', 'q'),
    ];
    expect(lines(base, [project({ app: { [A]: ['v1'] } }, ['n.test'])])).toEqual({
      changes: [],
      removed: [
        'backfilled app@a [v1 v2] m.test',
        'retagged app@a [v2] n.test',
        'added app@b [v3] m.test n.test',
        'added old@a [] m.test',
      ],
    });
  });

  it('sees no change where a project is renamed, divided, or names the same repositories otherwise', () => {
    const base = [project({ 'sub/app': { [A]: ['v1'], [B]: ['v2'] } })];
    expect(
      lines(base, [project({ 'sub/app': { [A]: ['v1'], [B]: ['v2'] } }, ['n.test', 'm.test'], 's.test', 'renamed')]),
    ).toEqual(nothing);
    const halves = [A, B].map((digest, index) =>
      project({ 'sub/app': { [digest]: [`v${index + 1}`] } }, undefined, 's.test', digest),
    );
    expect(lines(base, halves)).toEqual(nothing);
    expect(lines(halves, base)).toEqual(nothing);
    const otherwise = project({ app: { [A]: ['v1'], [B]: ['v2'] } }, ['m.test/sub', 'n.test/sub'], 's.test/sub');
    expect(lines(base, [otherwise])).toEqual(nothing);
  });

  it('does not take a repository for another whose name ends alike', () => {
    expect(lines([project({ app: { [A]: ['v1'] } })], [project({ 'my-app': { [A]: ['v1'] } })])).toEqual({
      changes: ['added my-app@a [v1] m.test n.test'],
      removed: ['added app@a [v1] m.test n.test'],
    });
  });

  it.each([
    ['block-style tags', `- name: app\n  dmap:\n    "${A}":\n    - v1\n    - v2\n    "${B}": []\n`],
    ['unquoted digests', `- name: app\n  dmap:\n    ${A}: [v1, v2]\n    ${B}: []\n`],
    ['another order', `- dmap:\n    "${B}": []\n    "${A}": ["v2", "v1"]\n  name: app\n`],
    [
      'tags on lines of their own',
      `- name: app\n  dmap:\n    "${A}": [\n      "v1",\n      "v2" # why\n    ]\n    '${B}': []\n`,
    ],
    ['entries apart', `- {name: app, dmap: {"${A}": [v1]}}\n- {name: app, dmap: {"${A}": [v2], "${B}": []}}\n`],
    ['aliases', `- name: app\n  dmap: &d {"${A}": [v1, v2], "${B}": []}\n- {name: app, dmap: *d}\n`],
  ])('sees no change in %s', (_, images) => {
    const base = [project({ app: { [A]: ['v1', 'v2'], [B]: [] } })];
    const head = [parsed('p', `${registries('s.test', ['m.test', 'n.test'])}images:\n${images}`)];
    expect(lines(base, head)).toEqual(nothing);
    expect(lines(head, base)).toEqual(nothing);
  });
});

const oneOf = (...values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const DIGESTS = [A, B, `sha256:${'c'.repeat(64)}`];
const anyProject = fc
  .record({
    source: oneOf('s.test', 't.test/a', 't.test'),
    mirrors: fc.uniqueArray(oneOf('m.test', 'n.test', 'n.test/a', 'o.test'), { minLength: 1 }),
    images: fc.dictionary(
      oneOf('x', 'a/x', 'y'),
      fc.dictionary(oneOf(...DIGESTS), fc.uniqueArray(oneOf('1', '2', '3')), { minKeys: 1, noNullPrototype: true }),
      { noNullPrototype: true },
    ),
  })
  .map(({ source, mirrors, images }) => project(images, mirrors, source));
const anyTree = fc.array(anyProject, { maxLength: 3 });

/** All that a tree wants, edge by edge: slow, and plainly right. */
const edges = (tree: readonly Project[]): Set<string> =>
  new Set(
    tree.flatMap(({ source, destinations, images }) =>
      images.flatMap(({ name, digests }) =>
        destinations.flatMap((mirror) =>
          digests.flatMap(({ digest, tags }) =>
            ['', ...tags].map((tag) => `${source}/${name}@${digest} ${mirror.name}/${name}:${tag}`),
          ),
        ),
      ),
    ),
  );
const edgesOf = (changes: readonly ImageChange[]): Set<string> =>
  new Set(
    changes.flatMap(({ kind, source, name, digest, tags, destinations }) =>
      destinations.flatMap((mirror) =>
        [...(kind === 'retagged' ? [] : ['']), ...tags].map((tag) => `${source}@${digest} ${mirror}/${name}:${tag}`),
      ),
    ),
  );
const minus = (all: ReadonlySet<string>, others: ReadonlySet<string>): string[] =>
  [...all].filter((edge) => !others.has(edge)).toSorted();
/** Without where from. */
const targets = (all: Iterable<string>): Set<string> => new Set([...all].map((edge) => edge.replace(/^.*@/, '')));

describe('src/manifest/diff/tree-diff.ts properties', () => {
  it('holds exactly the edges that only the new tree has', () => {
    fc.assert(
      fc.property(anyTree, anyTree, (base, head) => {
        expect([...edgesOf(diffTrees(base, head).changes)].toSorted()).toEqual(minus(edges(head), edges(base)));
      }),
      { numRuns: 500 },
    );
  });

  it('removes exactly the references that only the old tree has', () => {
    fc.assert(
      fc.property(anyTree, anyTree, (base, head) => {
        const removed = targets(edgesOf(diffTrees(base, head).removed));
        expect([...removed].toSorted()).toEqual(minus(targets(edges(base)), targets(edges(head))));
      }),
      { numRuns: 500 },
    );
  });

  it('finds what else decides', () => {
    const [base, head] = [project({}), project({}, ['m.test'], 't.test')];
    expect(diffTrees([base], [head]).policyChanges.map(({ kind }) => kind)).toEqual(['source', 'registries']);
    expect(diffTrees([head], [head]).policyChanges).toEqual([]);
  });

  it('finds nothing between a tree and itself in any order', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        expect(lines(tree, tree.toReversed())).toEqual(nothing);
      }),
    );
  });
});

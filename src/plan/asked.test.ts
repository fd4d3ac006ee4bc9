import { describe, expect, it } from 'vitest';
import type { LoadedManifests, Project } from '../manifest/manifest.ts';
import type { ProjectPolicy } from '../policy/policies.ts';
import { requiring } from '../../test/support/policies.ts';
import { loadedTree } from '../../test/support/promotion/tree.ts';
import { alsoAskedBy, artifactTypesOf, askedBy, policiesOf } from './asked.ts';
import { wantedBy } from './wanted.ts';

const A = `sha256:${'a'.repeat(64)}`;
const at = { file: 'promoter-policy.yaml', line: 1, column: 1 };
const asking = (source: string): ProjectPolicy => ({ provenance: requiring({ sources: [source] }) });

/** A project with one image of each name. */
const project = (name: string, from: string, policy?: ProjectPolicy, images: readonly string[] = ['app']): Project => {
  const spec = { name, from, to: ['prod.test'], entries: images.map((image) => [image, A, 'v1'] as const) };
  const [found] = loadedTree([spec]).projects;
  return { ...(found ?? expect.fail('there is no project')), ...(policy && { policy }) };
};
/** `project image: sources of the policies` of each image; those of the tree before in brackets. */
const lines = (sets: ReturnType<typeof wantedBy>): readonly string[] =>
  sets.flatMap(({ project: name, images }) =>
    images.map((image) => {
      const asked = policiesOf(image).provenance.map(({ sources, isBase }) =>
        isBase ? `(${sources.join()})` : sources.join(),
      );
      return `${name} ${image.name}: ${asked.join(' ')}`;
    }),
  );
const head = (...projects: readonly Project[]): LoadedManifests => ({ projects, problems: [] });

describe('src/plan/asked.ts', () => {
  it('asks of an image what every manifest asks whose source registry contains it', () => {
    const projects = [
      project('top', 's.test', asking('top'), ['app', 'one/app', 'one']),
      project('one', 's.test/one', asking('one')),
      project('same', 's.test/one', asking('one')),
      project('two', 's.test/one-two'),
      project('off', 's.test/off', { provenance: requiring({ mode: 'off' }) }),
      project('else', 'else.test/one'),
    ];
    expect(lines(wantedBy(projects))).toEqual([
      'top app: top',
      'top one/app: one top',
      'top one: one top',
      'one app: one top',
      'same app: one top',
      'two app: top',
      'off app: top',
      'else app: ',
    ]);
  });

  it('asks what a manifest says that is not promoted itself', () => {
    const policies = [
      { project: 'gone', manifestFile: 'f', source: 's.test', provenance: requiring({ sources: ['gone'] }) },
    ];
    const projects = [project('one', 's.test/one')];
    expect(lines(wantedBy(projects, askedBy({ projects, policies })))).toEqual(['one app: gone']);
  });

  it('asks the rest of the images of a project only, and takes an image without policies for unasked', () => {
    const artifactTypes = { types: ['a/b'], at };
    const vulnerabilities = { threshold: 4, exceptions: [], at };
    const [set, below] = wantedBy([
      project('one', 's.test', { artifactTypes, vulnerabilities }),
      project('two', 's.test/x'),
    ]);
    const [image] = set?.images ?? [];
    expect(image && policiesOf(image)).toEqual({
      provenance: [],
      artifactTypes: [artifactTypes],
      vulnerabilities: [vulnerabilities],
    });
    expect(below?.images.map(artifactTypesOf)).toEqual([[]]);
    const { policies: _, ...bare } = image ?? expect.fail('there is no image');
    expect(policiesOf(bare)).toEqual({ provenance: [], artifactTypes: [], vulnerabilities: [] });
  });

  it('asks besides what the tree before asked, unless that is the same', () => {
    const sets = wantedBy([project('same', 's.test/a', asking('a')), project('new', 's.test/b', asking('b'))]);
    const before = head(project('same', 's.test/a', asking('a')), project('parent', 's.test', asking('p')));
    expect(lines(alsoAskedBy(sets, before))).toEqual(['same app: a (p)', 'new app: b (p)']);
    expect(lines(alsoAskedBy(sets, head()))).toEqual(lines(sets));
  });

  it.each([
    ['drops', undefined],
    ['turns off', { provenance: requiring({ mode: 'off' }) }],
    ['loosens', { provenance: requiring({ mode: 'warn', sources: ['a'] }) }],
  ])('holds a change that %s the policy to the policy before', (_, policy) => {
    const sets = wantedBy([project('p', 's.test/a', policy)]);
    expect(lines(alsoAskedBy(sets, head(project('p', 's.test/a', asking('a')))))[0]).toMatch(/\(a\)$/);
  });

  it('holds a project that moves to another source registry to what was asked of it', () => {
    const sets = wantedBy([project('p', 'elsewhere.test')]);
    const before = head(project('p', 's.test/a', asking('a')), project('q', 's.test/b', asking('b')));
    expect(lines(alsoAskedBy(sets, before))).toEqual(['p app: (a)']);
  });

  it('holds a change to the types and vulnerabilities before, unless they are the same', () => {
    const policy = (types: readonly string[], threshold: number, line = 1): ProjectPolicy => ({
      artifactTypes: { types, at: { ...at, line } },
      vulnerabilities: { threshold, exceptions: [], at: { ...at, line } },
    });
    const of = (now: ProjectPolicy, then: ProjectPolicy): unknown => {
      const [set] = alsoAskedBy(wantedBy([project('p', 's.test', now)]), head(project('p', 's.test', then)));
      const [{ policies } = {}] = set?.images ?? [];
      return [
        policies?.artifactTypes.map(({ types }) => types),
        policies?.vulnerabilities.map(({ threshold }) => threshold),
      ];
    };
    expect(of(policy(['a/b'], 4), policy(['a/b'], 4, 9))).toEqual([[['a/b']], [4]]);
    expect(of(policy(['a/b', 'c/d'], 5), policy(['a/b'], 4))).toEqual([
      [['a/b', 'c/d'], ['a/b']],
      [5, 4],
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import type { LoadedManifests, LoadedTree, Project } from '../../manifest/manifest.ts';
import type { ProjectPolicies, ProjectPolicy } from '../../policy/policies.ts';
import { imageLevel, requiring } from '../../../test/support/policies.ts';
import { loadedTree } from '../../../test/support/promotion/tree.ts';
import { policiesBy, policiesOf } from './policies.ts';
import { withBasePolicies } from './base-policies.ts';
import { wantedBy } from './wanted.ts';

const A = `sha256:${'a'.repeat(64)}`;
const at = { file: 'promoter-policy.yaml', line: 1, column: 1 };
const asking = (source: string): ProjectPolicy => ({ provenance: requiring({ sources: [source] }) });

type Spec = { readonly policy?: ProjectPolicy; readonly images?: readonly string[]; readonly to?: string };

/** Creates a project with one image of each name. */
const project = (name: string, from: string, { policy, images = ['app'], to = 'prod.test' }: Spec = {}): Project => {
  const spec = { name, from, to: [to], entries: images.map((image) => [image, A, 'v1'] as const) };
  const [found] = loadedTree([spec]).projects;
  return { ...(found ?? expect.fail('there is no project')), ...(policy && { policy }) };
};
const tree = (...projects: readonly Project[]): LoadedManifests => ({ projects, problems: [] });
const withTrees = (loaded: LoadedManifests, ...trees: readonly LoadedTree[]): LoadedManifests => ({ ...loaded, trees });
const policies = (now: readonly Project[], before: LoadedManifests): readonly ProjectPolicies[] =>
  wantedBy(now, withBasePolicies(policiesBy(tree(...now)), now, before)).flatMap(({ images }) =>
    images.map(policiesOf),
  );
/** Returns `project: sources of the policies` for each image, with those of the base in brackets. */
const lines = (now: readonly Project[], before: LoadedManifests): readonly string[] =>
  policies(now, before).map(({ provenance }) =>
    provenance.map(({ sources, isBase }) => (isBase ? `(${sources.join()})` : sources.join())).join(' '),
  );

describe('src/plan/desired/base-policies.ts', () => {
  it("adds the base's policies, unless they are the same", () => {
    const now = [
      project('same', 's.test/a', { policy: asking('a') }),
      project('new', 's.test/b', { policy: asking('b') }),
    ];
    const parent = project('parent', 's.test', { policy: asking('p'), images: ['other'] });
    const before = tree(project('same', 's.test/a', { policy: asking('a') }), parent);
    const also = [project('parent', 's.test', { images: ['other'] })];
    expect(lines([...now, ...also], before)).toEqual(['a (p)', 'b (p) (a)', '(p)']);
  });

  it.each([
    ['drops', undefined],
    ['turns off', { provenance: requiring({ mode: 'off' }) }],
    ['loosens', { provenance: requiring({ mode: 'warn', sources: ['a'] }) }],
  ])('applies the old policy to a change that %s the policy', (_, policy) => {
    const now = [project('p', 's.test/a', policy && { policy })];
    expect(lines(now, tree(project('p', 's.test/a', { policy: asking('a') })))[0]).toMatch(/\(a\)$/);
  });

  const p = project('p', 's.test/p', { policy: asking('p'), to: 'prod.test/x' });
  const empty = project('p', 's.test/p', { policy: asking('p'), to: 'prod.test/x', images: [] });
  it.each([
    ['has its name', [project('p', 'new.test', { to: 'else.test', images: ['new'] })]],
    ['had its source', [project('new', 's.test/p/below', { to: 'else.test', images: ['new'] })]],
    ['promoted to its destination', [project('new', 'new.test', { to: 'prod.test/x' }), empty]],
    ['promoted to it by a shorter name', [project('new', 'new.test', { images: ['x/app'] }), empty]],
    ['is gone, and promoted to its registry', [project('new', 'new.test', { to: 'prod.test/x/y', images: ['new'] })]],
    ['is gone, and had an image of its name', [project('new', 'new.test', { to: 'else.test' })]],
  ])('applies the policies of a project that %s', (_, now) => {
    expect(lines(now, tree(p))).toEqual(['(p)']);
  });

  it.each([
    [
      'drops them',
      project('p', 's.test/p', { policy: { provenance: requiring({ sources: ['p'] }) }, to: 'prod.test/x' }),
    ],
    ['moves the image to another source', project('p', 'new.test', { to: 'prod.test/x' })],
    ['gives it a longer name at the same place', project('new', 'new.test', { images: ['x/app'] })],
  ])('applies the old image levels to a change that %s', (_, now) => {
    const provenance = requiring({ sources: ['p'], levels: [imageLevel(3, 'app')] });
    const before = tree(project('p', 's.test/p', { policy: { provenance }, to: 'prod.test/x' }));
    const [asked] = policies([now], before);
    expect(asked?.provenance.filter(({ isBase }) => isBase).map((policy) => policy.imageLevel)).toEqual([3]);
  });

  it('ignores remaining projects that promote elsewhere', () => {
    const q = project('q', 's.test/q', { policy: asking('q'), to: 'prod.test/x', images: ['other'] });
    expect(lines([p, q], tree(p))).toEqual(['p', 'q']);
    // nor that of a destination that it shared with another project
    const shared = project('q', 's.test/q', { policy: asking('q'), to: 'prod.test/x' });
    expect(lines([p, shared], tree(p, shared))).toEqual(['p', 'q']);
    expect(lines([p, shared], tree(p, q))).toEqual(['p', 'q (p)']);
  });

  it("applies the tree's old policy to new projects, and all old policies to new trees", () => {
    const known = { file: 'promoter-policy.yaml', policy: asking('all') };
    const stays = project('p', 's.test/p');
    const elsewhere = project('new', 'new.test', { to: 'else.test', images: ['other'] });
    const inNewTree = { ...elsewhere, manifestFile: 'x/manifests/new/promoter-manifest.yaml' };
    const before = withTrees(tree(stays), known);
    expect(lines([stays, elsewhere, inNewTree], before)).toEqual(['', '(all)', '(all)']);
    // a tree that had no policy file has no old policy
    expect(lines([inNewTree], withTrees(tree(stays), known, { file: 'x/promoter-policy.yaml' }))).toEqual(['']);
  });

  it('applies policies of projects that were not promoted themselves', () => {
    const broken = { project: 'p', manifestFile: 'f', source: 's.test', provenance: requiring({ sources: ['p'] }) };
    const before = { ...tree(project('q', 'q.test', { images: ['q'], to: 'q.test' })), policies: [broken] };
    expect(lines([project('p', 'elsewhere.test')], before)).toEqual(['(p)']);
  });

  it('applies the old types and vulnerability rules to a change, unless they are the same', () => {
    const policy = (types: readonly string[], threshold: number, line = 1): ProjectPolicy => ({
      artifactTypes: { types, at: { ...at, line } },
      vulnerabilities: { threshold, exceptions: [], at: { ...at, line } },
    });
    const of = (now: ProjectPolicy, then: ProjectPolicy): unknown => {
      const [found] = policies(
        [project('p', 's.test', { policy: now })],
        tree(project('p', 's.test', { policy: then })),
      );
      return [found?.artifactTypes.map(({ types }) => types), found?.vulnerabilities.map(({ threshold }) => threshold)];
    };
    expect(of(policy(['a/b'], 4), policy(['a/b'], 4, 9))).toEqual([[['a/b']], [4]]);
    expect(of(policy(['a/b', 'c/d'], 5), policy(['a/b'], 4))).toEqual([
      [['a/b', 'c/d'], ['a/b']],
      [5, 4],
    ]);
  });

  it('ignores exceptions and thresholds that the change itself adds', () => {
    const exceptions = [{ id: 'CVE-1', reason: 'r', at }];
    const now = [project('p', 's.test', { policy: { vulnerabilities: { threshold: -1, exceptions, at } } })];
    const rules = (before: LoadedManifests): unknown =>
      policies(now, before).map(({ vulnerabilities }) =>
        vulnerabilities.map((one) => [one.threshold, one.exceptions.length]),
      );
    const runRules = [
      [-1, 1],
      [undefined, 0],
    ];
    expect(rules(tree(project('p', 's.test')))).toEqual([runRules]);
    expect(rules(tree(project('q', 'q.test', { to: 'q.test', images: ['q'] })))).toEqual([runRules]);
    // a project that allows a type does not allow it for another project's image
    const lax = project('p', 's.test', { policy: now[0]?.policy ?? {}, images: ['lax'] });
    expect(rules(tree(lax, project('q', 'q.test')))).toEqual([runRules]);
    expect(rules(tree(...now))).toEqual([[[-1, 1]]]);
    expect(policies([project('p', 's.test')], tree(project('p', 's.test')))[0]?.vulnerabilities).toEqual([]);
  });

  it('returns the signers that the base names', () => {
    const signed = (...names: readonly string[]): ProjectPolicy => ({
      provenance: requiring({ signers: names.map((text) => ({ text, issuer: '', matches: () => true })) }),
    });
    const now = [project('p', 's.test', { policy: signed('a', 'new') })];
    const named = (before: LoadedManifests): unknown =>
      policies(now, before).map(({ signersBefore }) => signersBefore?.map((all) => all.map(({ text }) => text)));
    expect(named(tree(project('p', 's.test', { policy: signed('a') })))).toEqual([[['a']]]);
    expect(named(tree(project('p', 's.test')))).toEqual([[[]]]);
    expect(named(tree(project('q', 'q.test', { to: 'q.test', images: ['q'] })))).toEqual([[[]]]);
    expect(policiesOf(wantedBy(now)[0]?.images[0] ?? expect.fail()).signersBefore).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { loadedTree, type ProjectSpec } from '../../../test/support/promotion/tree.ts';
import { digestOf } from '../../image/digest.ts';
import { wantedSnapshot } from './snapshot.ts';
import { wantedBy } from './wanted.ts';

const [A, B] = ['a', 'b'].map((text) => digestOf(Buffer.from(text))) as [string, string];

const project = (name: string, to: readonly string[], entries: ProjectSpec['entries']): ProjectSpec => ({
  name,
  from: 'gcr.io/staging',
  to,
  entries,
});

const TREE = [
  project(
    'one',
    ['a.test/prod/one', 'b.test/prod/one'],
    [
      ['zeta', A, 'v2', 'v1.10', 'v1.9'],
      ['sub/alpha', B],
    ],
  ),
  project('two', ['a.test/prod', 'a.test/prod-eu'], [['zeta', B, 'v3']]),
  project('three', ['a.test/prod/one'], [['zeta', A, 'v4']]),
];

const namesOf = (registry: string): readonly string[] =>
  wantedSnapshot(wantedBy(loadedTree(TREE).projects), registry).flatMap(({ name, digests }) =>
    digests.map(({ digest, tags }) => `${name} ${digest === A ? 'A' : 'B'} ${tags.join(' ')}`.trimEnd()),
  );

describe('src/plan/desired/snapshot', () => {
  it('names images relative to the registry, and merges projects', () => {
    expect(namesOf('a.test/prod/one')).toEqual(['sub/alpha B', 'zeta A v1.10 v1.9 v2 v4']);
    expect(namesOf('a.test/prod')).toEqual(['one/sub/alpha B', 'one/zeta A v1.10 v1.9 v2 v4', 'zeta B v3']);
    expect(namesOf('b.test')).toEqual(['prod/one/sub/alpha B', 'prod/one/zeta A v1.10 v1.9 v2']);
  });

  it('matches a registry only at a slash', () => {
    expect(namesOf('a.test/prod-eu')).toEqual(['zeta B v3']);
    expect(namesOf('a.test/pro')).toEqual([]);
    expect(namesOf('a.test/prod/one/zeta')).toEqual([]);
    expect(namesOf('gcr.io/staging')).toEqual([]);
  });
});

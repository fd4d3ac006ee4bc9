import { describe, expect, it } from 'vitest';
import { loadedTree, type ProjectSpec } from '../../../test/support/promotion/tree.ts';
import { compilePattern } from '../../image/pattern.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryListing } from '../../registry/roles.ts';
import { byDestination } from '../desired/desired.ts';
import { wantedBy } from '../desired/wanted.ts';
import { extraDrift } from './extra-drift.ts';
import { lackDrift } from './lack-drift.ts';
import { auditPlaces } from './places.ts';
import { unexpectedIn, wantedThere } from './unexpected.ts';

const [A, B, C] = ['a', 'b', 'c'].map((letter) => `sha256:${letter.repeat(64)}`) as [Digest, Digest, Digest];
const LONG = `sha512:${'d'.repeat(128)}` as Digest;
const attach = (digest: string, form = ''): string => `${digest.replace(':', '-').slice(0, 71)}${form}`;

const sets = (given: Partial<ProjectSpec> = {}): ReturnType<typeof wantedBy> =>
  wantedBy(
    loadedTree([
      {
        name: 'one',
        from: 'stage.test/in',
        to: ['east.test/prod', 'west.test/prod'],
        entries: [['app', A, 'v1']],
        ...given,
      },
    ]).projects,
  );
const digests = (manifests: Readonly<Record<string, readonly string[]>>): RepositoryListing => ({
  kind: 'digests',
  manifests: new Map(Object.entries(manifests).map(([digest, tags]) => [digest as Digest, { tags }])),
});
const found = (listing: RepositoryListing, wanted = wantedThere(sets())): readonly (readonly string[])[] => {
  const { tags, attached, untagged } = unexpectedIn(listing, wanted);
  return [tags.map(({ tag }) => tag), attached.map(({ tag }) => tag), untagged.map(([digest]) => digest)];
};

describe('src/plan/audit', () => {
  it('takes what is attached to an image of the tree, or to one that is there, for a part of it', () => {
    const listing = digests({
      [A]: ['v1', 'v2'],
      [B]: [attach(A, '.sig'), attach(A)],
      [C]: [attach(B, '.att'), attach(LONG)],
      [LONG]: [],
    });
    expect(found(listing)).toEqual([['v2', attach(LONG)], [], [LONG]]);
    const tags = new Set(['v1', 'v2', attach(A, '.sbom'), attach(B, '.sig'), attach(LONG)]);
    expect(found({ kind: 'tags', tags })).toEqual([['v2', attach(LONG)], [attach(B, '.sig')], []]);
    expect(found(digests({ [C]: [attach(B, '.sig')] }))).toEqual([[], [attach(B, '.sig')], []]);
    const wanted = { digests: new Set([LONG]), tags: new Set<string>() };
    expect(found({ kind: 'tags', tags: new Set([attach(LONG)]) }, wanted)).toEqual([[], [], []]);
  });

  it('counts a mirror as complete only if it has each tag that others lack', () => {
    const [set, ...others] = sets({ to: ['a.test/p', 'b.test/p', 'c.test/p'], entries: [['app', A, 'v1', 'v2']] });
    const [image] = set?.images ?? [];
    if (set === undefined || image === undefined || others.length > 0) throw new Error('one image was asked for');
    const lack = { image, isNew: false, isUnread: false, digestMissing: false, missingTags: ['v2'], moves: [] };
    const lacks = [
      { ...lack, repository: 'a.test/p/app', missingTags: ['v1', 'v2'] },
      { ...lack, repository: 'b.test/p/app', moves: [{ tag: 'v1', current: B }] },
      { ...lack, repository: 'c.test/p/app' },
    ];
    const facts = { pending: new Map([[image, lacks]]), referenceOf: (name: string) => name };
    const drift = (unread: readonly string[]): readonly unknown[] =>
      lackDrift([set], { ...facts, unread: new Set(unread) }).map(({ code, tags, places, copies }) => [
        code,
        tags,
        places.map(({ ref }) => ref.slice(0, 1)).join(''),
        copies?.complete,
      ]);
    expect(drift([])).toEqual([
      ['MISSING', ['v2'], 'abc', 0],
      ['PARTIAL', ['v1'], 'a', 1],
      ['MOVED', ['v1'], 'b', undefined],
    ]);
    // of a mirror that was not read nobody knows that it lacks the tag, too
    expect(drift(['c.test/p/app'])).toEqual([
      ['PARTIAL', ['v1', 'v2'], 'aab', 0],
      ['MOVED', ['v1'], 'b', undefined],
    ]);
  });

  it('names a repository of a mirror as people pull it, whether or not a manifest names it', () => {
    const publicNames = [{ match: compilePattern('east.test/prod'), name: 'pull.test' }];
    const { roots, referenceOf, isSource } = auditPlaces(sets(), { publicNames });
    expect(roots).toEqual(['east.test/prod', 'west.test/prod']);
    expect(['east.test/prod/app', 'west.test/prod/app', 'west.test/prod/x/y'].map(referenceOf)).toEqual([
      'pull.test/app',
      'pull.test/app',
      'pull.test/x/y',
    ]);
    expect(auditPlaces(sets(), {}).referenceOf('west.test/prod/x')).toBe('east.test/prod/x');
    expect(isSource('stage.test/in/app')).toBe(true);
    expect(auditPlaces(sets({ from: 'east.test/prod/in' }), {}).isSource('east.test/prod/in/app')).toBe(true);
    expect(auditPlaces(sets({ from: 'east.test/prod' }), {}).isSource('east.test/prod/app')).toBe(false);
  });

  it('brings the same extra of all mirrors together, apart by the commit that removed it', () => {
    const { referenceOf } = auditPlaces(sets(), {});
    const removal = { id: 'f'.repeat(40), subject: 'remove it', time: 0, pullRequest: undefined };
    const extras = byDestination(sets()).keys();
    const all = [...extras].flatMap((repository) => ['v8', 'v9'].map((tag) => ({ repository, digest: B, tag })));
    const drift = extraDrift(all, { of: ({ tag }) => (tag === 'v9' ? removal : undefined), unknown: 'x' }, referenceOf);
    expect(
      drift.map(({ code, reference, tags, places, unknown }) => [code, reference, tags, places.length, unknown]),
    ).toEqual([
      ['EXTRA', 'east.test/prod/app', ['v8'], 2, 'x'],
      ['UNMANAGED', 'east.test/prod/app', ['v9'], 2, undefined],
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Digest } from '../../image/digest.ts';
import type { ListedManifest, RepositoryListing } from '../../registry/roles.ts';
import { conflictFinder } from '../conflicts.ts';
import type { ImageSet } from '../desired/desired.ts';
import { lackingLines, listingDigest, wantedDigester, wantedLines } from './wanted-set.ts';

const A: Digest = `sha256:${'a'.repeat(64)}`;
const B: Digest = `sha256:${'b'.repeat(64)}`;
type Pair = readonly [Digest, ...string[]];

const at = { file: 'f', line: 1, column: 1 };
const set = (...pairs: readonly Pair[]): ImageSet => ({
  project: 'p',
  source: 's.test/app',
  destinations: ['d.test'],
  name: 'app',
  images: pairs.map(([digest, ...tags]) => ({ name: 'app', source: 's.test/app', digest, tags, at, tagPositions: [] })),
});
const digest = (...sets: readonly ImageSet[]): string => wantedDigester()(sets, conflictFinder()(sets));

describe('src/plan/believed/wanted-set.ts', () => {
  it('returns the same digest for the same tags and digests in any order and of any source', () => {
    const usual = digest(set([A, 'v1', 'v2'], [B]));
    expect(digest(set([B]), set([A, 'v1'], [A, 'v2']))).toBe(usual);
    const others = [
      set([A, 'v1'], [B]),
      set([A, 'v1', 'v2']),
      set([B, 'v1', 'v2'], [A]),
      set([A, 'v1', 'v2'], [B, 'v3']),
    ];
    for (const other of others) expect(digest(other)).not.toBe(usual);
  });

  it('returns another digest once a disputed tag is no longer disputed', () => {
    const disputed = digest(set([A, 'v1', 'v2'], [B, 'v1']));
    expect(disputed).toBe(digest(set([A, 'v2'])));
    expect(digest(set([A, 'v1', 'v2']))).not.toBe(disputed);
  });

  it('computes the digest of sets that mirrors share once', () => {
    const of = wantedDigester();
    const sets = [set([A, 'v1'])];
    const none = new Map();
    expect(of(sets, none)).toBe(of([...sets], none));
    const conflict = new Map([['v1', { tag: 'v1', images: [] }]]);
    expect(of(sets, conflict)).not.toBe(of(sets, none));
  });

  it('returns the missing part of a wanted set', () => {
    const [image] = set([A, 'v1', 'v2', 'v3']).images;
    const [untagged] = set([B]).images;
    if (image === undefined || untagged === undefined) throw new Error('there are no images');
    const place = { repository: 'd.test/app', isNew: false, isUnread: false, digestMissing: true };
    const lack = { ...place, image, missingTags: ['v1'], moves: [{ tag: 'v2', current: B }] };
    expect(lackingLines(lack)).toEqual(wantedLines({ digest: A, tags: ['v1', 'v2'] }));
    expect(lackingLines({ ...lack, image: untagged, missingTags: [], moves: [] })).toEqual(wantedLines(untagged));
  });

  it('returns the digest of a listing whatever its order', () => {
    const digests = (...pairs: readonly Pair[]): RepositoryListing => ({
      kind: 'digests',
      manifests: new Map(pairs.map(([one, ...tags]): [Digest, ListedManifest] => [one, { tags }])),
    });
    const tags = (...names: readonly string[]): RepositoryListing => ({ kind: 'tags', tags: new Set(names) });
    expect(listingDigest(digests([A, 'v1', 'v2'], [B]))).toBe(listingDigest(digests([B], [A, 'v2', 'v1'])));
    expect(listingDigest(digests([A, 'v1'], [B]))).not.toBe(listingDigest(digests([A, 'v1'])));
    expect(listingDigest(tags('a', 'b'))).toBe(listingDigest(tags('b', 'a')));
    const stated = { ...tags('a'), digests: new Map([['a', A]]) } as RepositoryListing;
    expect(listingDigest(stated)).not.toBe(listingDigest(tags('a')));
  });
});

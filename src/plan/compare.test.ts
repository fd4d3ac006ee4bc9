import { describe, expect, it } from 'vitest';
import type { Digest } from '../image/digest.ts';
import { loadedTree, type ProjectSpec } from '../../test/support/promotion/tree.ts';
import { compare } from './compare.ts';
import { conflictFinder } from './conflicts.ts';
import { wantedBy } from './desired/wanted.ts';

const [A, B] = ['a', 'b'].map((digit) => `sha256:${digit.repeat(64)}`) as [Digest, Digest];

/** Returns what a repository with these digests and tags lacks. */
function lacking(
  entries: ProjectSpec['entries'],
  digests: readonly Digest[],
  tags: Readonly<Record<string, Digest>> = {},
): unknown {
  const sets = wantedBy(loadedTree([{ name: 'p', from: 'a.test', to: ['b.test'], entries }]).projects);
  const { lacks, present } = compare('b.test/app', sets, conflictFinder()(sets), {
    holdsManifests: digests.length > 0,
    has: (digest) => digests.includes(digest),
    digestOf: (tag) => tags[tag],
  });
  return {
    present,
    lacks: lacks.map(({ image, digestMissing, missingTags, moves }) => ({
      digest: image.digest,
      digestMissing,
      missingTags,
      moves,
    })),
  };
}

describe('src/plan/compare.ts', () => {
  it('returns nothing for complete images', () => {
    const entries = [
      ['app', A, 'v1'],
      ['app', B],
    ] as const;
    expect(lacking(entries, [A, B], { v1: A })).toEqual({ present: 2, lacks: [] });
  });

  it('distinguishes a missing digest from a missing tag', () => {
    const entries = [
      ['app', A, 'v1', 'v2'],
      ['app', B, 'v3'],
    ] as const;
    expect(lacking(entries, [A], { v1: A })).toEqual({
      present: 0,
      lacks: [
        { digest: A, digestMissing: false, missingTags: ['v2'], moves: [] },
        { digest: B, digestMissing: true, missingTags: ['v3'], moves: [] },
      ],
    });
  });

  it('accepts a digest without tags under any tag or none', () => {
    expect(lacking([['app', A]], [])).toEqual({
      present: 0,
      lacks: [{ digest: A, digestMissing: true, missingTags: [], moves: [] }],
    });
    expect(lacking([['app', A]], [A], { other: A })).toEqual({ present: 1, lacks: [] });
  });

  it('returns the current digest of a tag that would move', () => {
    expect(lacking([['app', A, 'v1', 'v2']], [B], { v1: B })).toEqual({
      present: 0,
      lacks: [{ digest: A, digestMissing: true, missingTags: ['v2'], moves: [{ tag: 'v1', current: B }] }],
    });
  });

  it('ignores disputed tags, and counts an image with only such tags as neither present nor missing', () => {
    const entries = [
      ['app', A, 'v1', 'v2'],
      ['app', B, 'v1'],
    ] as const;
    expect(lacking(entries, [])).toEqual({
      present: 0,
      lacks: [{ digest: A, digestMissing: true, missingTags: ['v2'], moves: [] }],
    });
  });

  it('returns where it is missing, and if the repository is empty or unreadable', () => {
    const sets = wantedBy(loadedTree([{ name: 'p', from: 'a.test', to: ['b.test'], entries: [['app', A]] }]).projects);
    const empty = { has: () => false, digestOf: () => undefined, holdsManifests: false };
    const places = [empty, { ...empty, holdsManifests: true, isUnread: true as const }].flatMap((inventory) =>
      compare('b.test/app', sets, conflictFinder()(sets), inventory).lacks.map(({ repository, isNew, isUnread }) => [
        repository,
        isNew,
        isUnread,
      ]),
    );
    expect(places).toEqual([
      ['b.test/app', true, false],
      ['b.test/app', false, true],
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { digestOfLabel } from '../../test/support/promotion/plan-cases.ts';
import { loadedTree, type ProjectSpec } from '../../test/support/promotion/tree.ts';
import { cosignTag } from '../image/cosign-tag.ts';
import type { Digest } from '../image/digest.ts';
import { compilePattern } from '../image/pattern.ts';
import type { Inventory } from '../registry/inventory.ts';
import type { PlannedImage } from './desired/assemble.ts';
import { candidateFinder, type CandidateRules, type Candidates } from './candidates.ts';
import { byDestination, type ImageSet, type WantedImage } from './desired/desired.ts';
import { wantedBy } from './desired/wanted.ts';

const [A, B] = [digestOfLabel('A'), digestOfLabel('B')] as [Digest, Digest];
const NOW = 1_000_000;
const RULES: CandidateRules = { since: NOW };

const setsOf = (...projects: Partial<ProjectSpec>[]): readonly ImageSet[] =>
  wantedBy(
    loadedTree(
      projects.map((spec, index) => ({ name: `p${index}`, from: 'a.test', to: ['b.test'], entries: [], ...spec })),
    ).projects,
  );
const only = (sets: readonly ImageSet[]): WantedImage => {
  const image = sets[0]?.images[0];
  if (image === undefined) throw new Error('a set has an image');
  return image;
};
const due = (image: WantedImage, ...repositories: string[]): PlannedImage => ({
  wanted: image,
  targets: repositories.map((repository) => ({ repository, action: 'copy', tags: image.tags, isNew: false })),
});

/** Creates a repository with these tags; digests without an upload time are undated. */
function holding(tags: Readonly<Record<string, Digest>>, uploads: Readonly<Record<string, number>> = {}): Inventory {
  const digests = Object.values(tags);
  return {
    has: (digest) => digests.includes(digest),
    digestOf: (tag) => tags[tag],
    holdsManifests: digests.length > 0,
    lists: (tag) => tag in tags,
    uploadedAt: (digest) => uploads[digest],
  };
}

/** Returns the candidates after reading every repository of the tree, of which those in `there` answered. */
function find(
  sets: readonly ImageSet[],
  given: {
    readonly there?: Readonly<Record<string, Inventory>>;
    readonly due?: readonly PlannedImage[];
    readonly rules?: CandidateRules;
  },
): Candidates {
  const finder = candidateFinder(sets, given.rules ?? RULES);
  const destinations = byDestination(sets);
  for (const [repository, inventory] of Object.entries(given.there ?? {}))
    finder.look(repository, destinations.get(repository) ?? [], inventory);
  return finder.found(given.due ?? [], destinations);
}

describe('src/plan/candidates.ts', () => {
  it('returns an image that is pending on a mirror once its primary has it, under the primary’s public name', () => {
    const sets = setsOf({ to: ['b.test/k8s-artifacts-prod/images', 'c.test'], entries: [['app', A, 'v1']] });
    const primary = 'b.test/k8s-artifacts-prod/images/app';
    const { images } = find(sets, {
      there: { [primary]: holding({ v1: A }), 'c.test/app': holding({}) },
      due: [due(only(sets), 'c.test/app')],
    });
    expect(images).toEqual([
      {
        wanted: only(sets),
        tags: ['v1'],
        repository: primary,
        reference: 'registry.k8s.io/app',
        why: 'due',
        hasSignatureTag: false,
      },
    ]);
  });

  it('omits an image that is pending on a mirror if its primary was not read, or has it without the tag', () => {
    const sets = setsOf({ to: ['b.test', 'c.test'], entries: [['app', A, 'v1']] });
    const pending = [due(only(sets), 'c.test/app')];
    expect(find(sets, { due: pending }).images).toEqual([]);
    expect(find(sets, { due: pending, there: { 'b.test/app': holding({ v1: B }) } }).images).toEqual([]);
  });

  it('returns images that a diff adds to a new mirror, although the diff does not read the primary', () => {
    const sets = setsOf({ to: ['b.test', 'c.test'], entries: [['app', A, 'v1']] });
    const finder = candidateFinder(sets, RULES);
    const { images } = finder.found([due(only(sets), 'c.test/app')], new Set(['c.test/app']));
    expect(images.map(({ repository }) => repository)).toEqual(['b.test/app']);
  });

  it.each([
    ['uploaded since', { uploads: { [A]: NOW } }, 1],
    ['uploaded before', { uploads: { [A]: NOW - 1 } }, 0],
    ['in the tree since, by Git', { young: [`a.test/app@${A}`], uploads: { [A]: NOW - 1 } }, 1],
    ['in the tree before, upload time unknown', { young: [] }, 0],
  ])(
    'checks if a complete image is recent: %s',
    (_, { uploads, young }: { uploads?: Record<string, number>; young?: string[] }, count) => {
      const sets = setsOf({ entries: [['app', A, 'v1']] });
      const rules = { ...RULES, ...(young !== undefined && { young: new Set(young) }) };
      const found = find(sets, { there: { 'b.test/app': holding({ v1: A }, uploads) }, rules });
      expect(found.images.map(({ why }) => why)).toEqual(Array.from({ length: count }, () => 'entered'));
      expect([found.older, found.undated]).toEqual([1 - count, 0]);
    },
  );

  it('counts older images without a signature tag, and returns them with --repair-since=all', () => {
    const sets = setsOf({
      entries: [
        ['app', A, 'v1'],
        ['app', B, 'v2'],
      ],
    });
    const there = { 'b.test/app': holding({ v1: A, v2: B, [cosignTag(B, 'sig')]: B }, { [A]: 1, [B]: 1 }) };
    expect(find(sets, { there })).toEqual({ images: [], older: 1, undated: 0 });
    const { images, older } = find(sets, { there, rules: { since: 'all' } });
    expect(images.map(({ wanted, hasSignatureTag }) => [wanted.digest, hasSignatureTag])).toEqual([
      [A, false],
      [B, true],
    ]);
    expect(older).toBe(0);
  });

  it('counts images of unknown age if neither Git nor the listing has it', () => {
    const sets = setsOf({
      entries: [
        ['app', A, 'v1'],
        ['app', B, 'v2'],
      ],
    });
    expect(find(sets, { there: { 'b.test/app': holding({ v1: A, v2: B }) } })).toEqual({
      images: [],
      older: 0,
      undated: 2,
    });
  });

  it('returns a digest of a repository once, with the tags of all its entries, per name', () => {
    const entries = [['app', A, 'v1'] as const];
    const sets = setsOf(
      { entries },
      { from: 'x.test', entries: [['app', A, 'v0']] },
      { entries: [['other', A, 'v1']] },
    );
    const pending = sets.map((set) => due(only([set]), `b.test/${set.name}`));
    const { images } = find(sets, { due: pending });
    expect(images.map(({ repository, tags, wanted }) => [repository, tags, wanted.source])).toEqual([
      ['b.test/app', ['v0', 'v1'], 'a.test/app'],
      ['b.test/other', ['v1'], 'a.test/other'],
    ]);
    expect(images.map(({ also }) => also?.map(({ source }) => source))).toEqual([['x.test/app'], undefined]);
  });

  it('uses the chosen primary, wherever it is listed', () => {
    const sets = setsOf({ to: ['b.test', 'c.test'], entries: [['app', A, 'v1']] });
    const rules = { ...RULES, primary: compilePattern('c.test') };
    const { images } = find(sets, { due: [due(only(sets), 'b.test/app', 'c.test/app')], rules });
    expect(images.map(({ repository }) => repository)).toEqual(['c.test/app']);
  });

  it('omits signatures and attestations that are promoted as images', () => {
    const sets = setsOf({
      entries: [
        ['app', A, cosignTag(B, 'sig')],
        ['app', B, cosignTag(A, 'att')],
      ],
    });
    const pending = sets.flatMap(({ images }) => images.map((image) => due(image, 'b.test/app')));
    expect(pending).toHaveLength(2);
    expect(find(sets, { due: pending }).images).toEqual([]);
  });
});

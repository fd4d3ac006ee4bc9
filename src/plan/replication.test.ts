import { describe, expect, it } from 'vitest';
import { digestOf, type Digest } from '../image/digest.ts';
import { MEDIA_TYPES } from '../image/descriptor.ts';
import { compilePattern } from '../image/pattern.ts';
import type { RepositoryListing } from '../registry/roles.ts';
import type { ImageSet } from './desired/desired.ts';
import {
  attachedBy,
  differingLists,
  differingTags,
  groupsOf,
  lackingUntagged,
  shelfOf,
  type Shelf,
} from './replication.ts';

const digest = (text: string): Digest => digestOf(Buffer.from(text));
const image = digest('image');
const tagOf = (subject: Digest, form = ''): string => `${subject.replace(':', '-')}${form}`;

const set = (name: string, destinations: readonly string[], images: ImageSet['images'] = []): ImageSet => ({
  project: 'p',
  source: `staging/${name}`,
  destinations,
  name,
  images,
});

type Listed = readonly [digest: Digest, tags: readonly string[], mediaType?: string];

const digests = (...manifests: readonly Listed[]): RepositoryListing => ({
  kind: 'digests',
  manifests: new Map(
    manifests.map(([key, tags, mediaType]) => [key, { tags, ...(mediaType !== undefined && { mediaType }) }]),
  ),
});

const google = (...manifests: readonly Listed[]): Shelf => shelfOf(digests(...manifests));
const plain = (...tags: readonly string[]): Shelf => shelfOf({ kind: 'tags', tags: new Set(tags) });

describe('src/plan/replication.ts', () => {
  it('groups mirrors by their primary, wherever it is listed', () => {
    const us = 'us-central1-docker.pkg.dev/prod';
    for (const destinations of [
      [us, 'asia.example', 'eu.example'],
      ['asia.example', us, 'eu.example'],
      ['asia.example', 'eu.example', us],
    ]) {
      const [group, ...others] = groupsOf([set('app', destinations)]);
      expect(others).toEqual([]);
      expect(group?.primary).toBe(`${us}/app`);
      expect(group?.mirrors.toSorted()).toEqual(['asia.example/app', 'eu.example/app']);
    }
  });

  it('merges sets with the same primary repository, and omits groups without mirrors', () => {
    const groups = groupsOf([
      set('app', ['a.example', 'b.example']),
      set('app', ['a.example', 'c.example']),
      set('alone', ['a.example']),
    ]);
    expect(groups).toEqual([{ primary: 'a.example/app', mirrors: ['b.example/app', 'c.example/app'], images: [] }]);
  });

  it('omits routed mirrors, and returns standbys separately', () => {
    const route = { through: 'images.example', standby: [compilePattern('b.example')] };
    const rules = [{ match: compilePattern('*.example'), route }];
    const sets = [
      set('app', ['a.example', 'b.example', 'c.example', 'd.test']),
      set('tool', ['a.example', 'c.example']),
    ];
    expect(groupsOf(sets, undefined, rules)).toEqual([
      { primary: 'a.example/app', mirrors: ['b.example/app', 'd.test/app'], images: [] },
    ]);
  });

  it.each([
    [tagOf(image, '.sig'), 'sig'],
    [tagOf(image, '.att'), 'att'],
    [tagOf(image, '.sbom'), 'sbom'],
    [tagOf(image), 'list'],
  ])('parses %s', (tag, form) => {
    expect(attachedBy(tag)).toEqual({ subject: image, form });
  });

  it.each(['v1', 'sha256-abc.sig', `${tagOf(image)}.sigs`, `x${tagOf(image, '.sig')}`, tagOf(image).toUpperCase()])(
    'treats %s as an ordinary tag',
    (tag) => {
      expect(attachedBy(tag)).toBeUndefined();
    },
  );

  it('finds cosign tags that are missing or different on a mirror', () => {
    const primary = google(
      [image, ['v1']],
      [digest('sig'), [tagOf(image, '.sig')]],
      [digest('att'), [tagOf(image, '.att')]],
      [digest('sbom'), [tagOf(image, '.sbom')]],
      [digest('list'), [tagOf(image)]],
    );
    const mirror = google(
      [image, ['v1']],
      [digest('other'), [tagOf(image, '.sig')]],
      [digest('att'), [tagOf(image, '.att')]],
    );
    expect(differingTags(primary, mirror)).toEqual([
      { tag: tagOf(image, '.sig'), is: 'other' },
      { tag: tagOf(image, '.sbom'), is: 'missing' },
    ]);
    expect(differingTags(primary, primary)).toEqual([]);
  });

  it('reports tags whose digest the listings do not show', () => {
    const both = plain(tagOf(image, '.sig'), 'v1');
    expect(differingTags(both, both)).toEqual([{ tag: tagOf(image, '.sig'), is: 'unknown' }]);
    expect(differingTags(both, plain())).toEqual([{ tag: tagOf(image, '.sig'), is: 'missing' }]);
    expect(lackingUntagged(both, both)).toBeUndefined();
    expect(lackingUntagged(google([digest('x'), []]), both)).toBeUndefined();
  });

  it('ignores attachments of images that the mirror does not have', () => {
    const primary = google([digest('sig'), [tagOf(image, '.sig')]], [digest('list'), [tagOf(image)]]);
    expect(differingTags(primary, google())).toEqual([{ tag: tagOf(image, '.sig'), is: 'missing' }]);
    expect(differingLists(primary, google())).toEqual([image]);
    expect(differingTags(primary, plain())).toHaveLength(1);
  });

  it('finds untagged manifests of the primary that may be referrers', () => {
    const primary = google(
      [digest('bundle'), [], MEDIA_TYPES.ociManifest],
      [digest('there'), []],
      [digest('child'), [], MEDIA_TYPES.dockerManifest],
    );
    expect(lackingUntagged(primary, google([digest('there'), []]))).toEqual([digest('bundle')]);
  });

  it('finds fallback lists that differ', () => {
    const primary = google([image, ['v1']], [digest('list'), [tagOf(image)]]);
    expect(differingLists(primary, google([image, ['v1']]))).toEqual([image]);
    expect(differingLists(primary, google([image, ['v1']], [digest('old'), [tagOf(image)]]))).toEqual([image]);
    expect(differingLists(primary, primary)).toEqual([]);
    expect(differingLists(plain(tagOf(image)), plain(tagOf(image)))).toEqual([image]);
  });
});

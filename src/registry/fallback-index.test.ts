import { describe, expect, it } from 'vitest';
import { MEDIA_TYPES, type Manifest } from '../image/descriptor.ts';
import { digestOf } from '../image/digest.ts';
import { fallbackReferrers, fallbackTag, withReferrer } from './fallback-index.ts';
import { isTag } from '../image/reference.ts';

const digest = digestOf(Buffer.from('referrer'));
const other = digestOf(Buffer.from('other'));
const subject = digestOf(Buffer.from('subject'));
const referrer = { mediaType: MEDIA_TYPES.ociManifest, digest, size: 8 };

function tagged(document: unknown, mediaType: string = MEDIA_TYPES.ociIndex): Manifest {
  const bytes = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}

const documentOf = (manifest: Manifest | undefined): unknown =>
  JSON.parse(Buffer.from(manifest?.bytes ?? []).toString('utf8'));

describe('src/registry/fallback-index', () => {
  it('derives the fallback tag from the digest, truncated as the specification says', () => {
    expect(fallbackTag(subject)).toBe(subject.replace(':', '-'));
    const long = fallbackTag(digestOf(Buffer.from('x'), `sha512:${'0'.repeat(128)}`));
    expect(long).toMatch(/^sha512-[0-9a-f]{64}$/);
    expect(isTag(long)).toBe(true);
  });

  it('returns the entries of the index unchanged', () => {
    const annotated = { ...referrer, artifactType: 'application/vnd.oci.empty.v1+json', annotations: { a: 'b' } };
    const index = tagged({ manifests: [annotated, { ...referrer, digest: other, annotations: null, platform: {} }] });
    expect(fallbackReferrers(index, subject)).toEqual([annotated, { ...referrer, digest: other }]);
  });

  it.each([
    ['nothing', undefined],
    ['an image', tagged({ config: {}, layers: [] }, MEDIA_TYPES.ociManifest)],
    ['a Docker list', tagged({ manifests: [referrer] }, MEDIA_TYPES.dockerList)],
    ['an index without manifests', tagged({ schemaVersion: 2 })],
    ['an index of null', tagged({ manifests: null })],
    ['no JSON', tagged('<html>')],
    ['entries that name no manifest', tagged({ manifests: [null, 'x', { ...referrer, digest: 'latest' }] })],
  ])('returns an empty list if the tag has %s', (_, manifest) => {
    expect(fallbackReferrers(manifest, subject)).toEqual([]);
  });

  it('returns an empty list if a registry responds with the subject itself, which is an index', () => {
    const index = tagged({ manifests: [referrer] });
    expect(fallbackReferrers(index, index.descriptor.digest)).toEqual([]);
    expect(documentOf(withReferrer(index, index.descriptor.digest, { ...referrer, digest: other }))).toMatchObject({
      manifests: [{ digest: other }],
    });
  });

  it('appends to the entries of others and leaves those unchanged', () => {
    const theirs = [{ ...referrer, digest: other, platform: { os: 'linux' }, 'x-note': 1 }, { broken: true }];
    const index = tagged({ schemaVersion: 2, annotations: { by: 'them' }, manifests: theirs });
    const added = withReferrer(index, subject, { ...referrer, annotations: { é: '漢' }, artifactType: 'a/b' });
    expect(documentOf(added)).toEqual({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      annotations: { by: 'them' },
      manifests: [...theirs, { ...referrer, annotations: { é: '漢' }, artifactType: 'a/b' }],
    });
    expect(added?.descriptor).toEqual({
      mediaType: MEDIA_TYPES.ociIndex,
      digest: digestOf(added?.bytes ?? Buffer.of()),
      size: added?.bytes.length,
    });
  });

  it('adds nothing that is listed already, and omits missing referrers', () => {
    const index = tagged({ schemaVersion: 2, manifests: [{ ...referrer, digest: other }] });
    expect(withReferrer(index, subject, { ...referrer, digest: other })).toBeUndefined();
    expect(documentOf(withReferrer(index, subject, referrer, new Set([other])))).toMatchObject({
      manifests: [referrer],
    });
  });

  it('starts a new index if the tag has other content', () => {
    const image = tagged({ config: {}, layers: [] }, MEDIA_TYPES.ociManifest);
    expect(documentOf(withReferrer(image, subject, referrer))).toEqual({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [referrer],
    });
  });
});

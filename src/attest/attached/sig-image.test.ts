import { describe, expect, it } from 'vitest';
import { MEDIA_TYPES, type Manifest } from '../../image/descriptor.ts';
import { digestOf } from '../../image/digest.ts';
import { LEGACY, SIMPLE_SIGNING } from '../formats/cosign-layer.ts';
import type { LegacySignature } from '../roles.ts';
import { mergedSignatures, withSignatures } from './sig-image.ts';

const signatureOf = (payload: string, signature: string): LegacySignature => ({
  payload: Buffer.from(payload),
  annotations: { 'dev.sigstore.cosign/certificate': 'PEM', [LEGACY.signature]: signature },
});

function manifestOf(document: unknown, mediaType: string = MEDIA_TYPES.ociManifest): Manifest {
  const bytes = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}

const layersIn = (manifest: Manifest | undefined): unknown[] =>
  (JSON.parse(Buffer.from(manifest?.bytes ?? []).toString()) as { readonly layers: unknown[] }).layers;

describe('src/attest/attached/sig-image.ts', () => {
  it('writes config and manifest byte for byte like cosign', () => {
    const [first, second] = [signatureOf('one', 'a'), signatureOf('two', 'b')];
    const [one, two] = [digestOf(first.payload), digestOf(second.payload)];
    const content = withSignatures(undefined, [first, second]);
    const time = '{"created":"0001-01-01T00:00:00Z"}';
    const config = `{"architecture":"","created":"0001-01-01T00:00:00Z","history":[${time},${time}],"os":"","rootfs":{"type":"layers","diff_ids":["${one}","${two}"]},"config":{}}`;
    // as large as the config of a real `.sig` image of two layers is
    expect(config).toHaveLength(342);
    expect(content?.blobs.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['one', 'two', config]);
    const layer = (digest: string, name: string): string =>
      `{"mediaType":"${SIMPLE_SIGNING}","size":3,"digest":"${digest}","annotations":{"${LEGACY.signature}":"${name}","dev.sigstore.cosign/certificate":"PEM"}}`;
    expect(Buffer.from(content?.manifest.bytes ?? []).toString()).toBe(
      `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":342,"digest":"${digestOf(Buffer.from(config))}"},"layers":[${layer(one, 'a')},${layer(two, 'b')}]}`,
    );
  });

  it('keeps the layers of others unchanged, with unknown fields', () => {
    const theirs = {
      data: 'x',
      size: 3,
      mediaType: 'text/plain',
      digest: digestOf(Buffer.from('abc')),
      annotations: null,
    };
    const current = manifestOf({ schemaVersion: 2, config: {}, layers: [theirs], annotations: { of: 'theirs' } });
    const content = withSignatures(current, [signatureOf('one', 'a')]);
    expect(layersIn(content?.manifest)[0]).toEqual(theirs);
    expect(JSON.stringify(layersIn(content?.manifest)[0])).toBe(JSON.stringify(theirs));
    expect(JSON.parse(Buffer.from(content?.manifest.bytes ?? []).toString())).toMatchObject({
      annotations: { of: 'theirs' },
    });
  });

  it('adds no existing signature, and keeps two signatures of one payload apart', () => {
    const current = withSignatures(undefined, [signatureOf('one', 'a')])?.manifest;
    expect(withSignatures(current, [signatureOf('one', 'a'), signatureOf('one', 'a')])).toBeUndefined();
    const both = withSignatures(current, [signatureOf('one', 'b'), signatureOf('one', 'a')]);
    expect(layersIn(both?.manifest)).toHaveLength(2);
    // one blob and the config
    expect(both?.blobs).toHaveLength(2);
  });

  it.each([
    ['an index', manifestOf({ schemaVersion: 2, manifests: [] }, MEDIA_TYPES.ociIndex)],
    ['no JSON', manifestOf('<html>')],
  ])('replaces %s', (_what, current) => {
    expect(layersIn(withSignatures(current, [signatureOf('one', 'a')])?.manifest)).toHaveLength(1);
  });

  it('rejects more layers than cosign reads', () => {
    const signatures = Array.from({ length: 1000 }, (_, index) => signatureOf('one', String(index)));
    const current = withSignatures(undefined, signatures)?.manifest;
    expect(layersIn(current)).toHaveLength(1000);
    expect(() => withSignatures(current, [signatureOf('one', 'more')])).toThrow(/has 1000 signatures/);
  });
});

describe('src/attest/attached/sig-image.ts, of two images', () => {
  const imageOf = (...signatures: readonly LegacySignature[]): Manifest =>
    withSignatures(undefined, signatures)?.manifest ?? manifestOf('');
  const [one, two, three] = ['one', 'two', 'three'].map((name) => signatureOf(name, name));

  it('keeps every signature once, those of the first image first', () => {
    if (one === undefined || two === undefined || three === undefined) throw new Error('there are three');
    const merged = mergedSignatures(imageOf(one, two), imageOf(three, two));
    expect(layersIn(merged?.manifest)).toEqual(layersIn(imageOf(one, two, three)));
    expect(merged?.manifest).toEqual(imageOf(one, two, three));
    expect(merged?.payloads.map(({ digest }) => digest)).toEqual([one, two].map(({ payload }) => digestOf(payload)));
    expect(mergedSignatures(imageOf(one, two), imageOf(three, two))?.manifest).toEqual(merged?.manifest);
  });

  it('keeps two signatures of one payload', () => {
    const merged = mergedSignatures(imageOf(signatureOf('one', 'a')), imageOf(signatureOf('one', 'b')));
    expect(layersIn(merged?.manifest)).toHaveLength(2);
    expect(merged?.payloads).toHaveLength(1);
  });

  it('keeps a layer of the other image unchanged', () => {
    const extra = { mediaType: SIMPLE_SIGNING, size: 1, digest: digestOf(Buffer.from('x')), data: 'eA==' };
    const theirs = { ...extra, annotations: { [LEGACY.signature]: 'x' } };
    const merged = mergedSignatures(imageOf(signatureOf('one', 'a')), manifestOf({ layers: [theirs] }));
    expect(layersIn(merged?.manifest)[1]).toEqual(theirs);
  });

  it.each([
    [
      'another type of layer',
      { layers: [{ mediaType: 'application/x', size: 1, digest: digestOf(Buffer.from('x')) }] },
    ],
    [
      'a layer without a signature',
      { layers: [{ mediaType: SIMPLE_SIGNING, size: 1, digest: digestOf(Buffer.from('x')) }] },
    ],
    ['no layers', { layers: [] }],
    ['no image', 'text'],
  ])('merges nothing with %s', (_, document) => {
    const good = imageOf(signatureOf('one', 'a'));
    expect(mergedSignatures(good, manifestOf(document))).toBeUndefined();
    expect(mergedSignatures(manifestOf(document), good)).toBeUndefined();
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MEDIA_TYPES } from '../../src/image/descriptor.ts';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { blobOf } from '../support/memory-registry/store.ts';
import {
  codesOf,
  expectImage,
  partsOf,
  sentBlobs,
  STAGED,
  startCopying,
  TARGET,
  targetOn,
  type Copying,
} from '../support/copying.ts';
import { buildImage, buildIndex, buildMultiPlatform, storeImage, type BuiltImage } from '../support/registry/images.ts';
import { seededBlob } from '../support/registry/seeded.ts';

const KIB = 1024;
/** Just over what is held in memory, so that it goes through the tee. */
const TEED = 4 * KIB * KIB + 1;

const LAYERS = { layers: [10 * KIB, 20 * KIB, 30 * KIB] };
const image = buildImage({ seed: 1, ...LAYERS });
const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/s390x'];

/** An index that names one image both directly and through an index of its own. */
function diamond(): BuiltImage {
  const [first, second] = [buildImage({ seed: 31 }), buildImage({ seed: 32 })];
  return buildIndex([buildIndex([first, second]), first, buildIndex([buildIndex([second])])]);
}

/** A manifest as given, whatever it says. */
function withManifest(document: object, mediaType: string, parts: Partial<BuiltImage> = {}): BuiltImage {
  const bytes = Buffer.from(JSON.stringify(document));
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  return { manifest: { bytes, descriptor }, blobs: [], children: [], ...parts };
}

/** An image with one more layer that only its own addresses serve. */
function withForeignLayer({ manifest, blobs }: BuiltImage): BuiltImage {
  const document = JSON.parse(Buffer.from(manifest.bytes).toString('utf8')) as { layers: object[] };
  const foreign = {
    mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    size: 1_000_000,
    digest: digestOf(Buffer.from('kept elsewhere')),
    urls: ['https://layers.example.com/one'],
  };
  const layers = [foreign, ...document.layers];
  return withManifest({ ...document, layers }, manifest.descriptor.mediaType, { blobs });
}

/** A Helm chart: one layer of its own type and a config that is no image's. */
function helmChart(): BuiltImage {
  const config = Buffer.from(JSON.stringify({ name: 'chart', version: '1.0.0', apiVersion: 'v2' }));
  const chart = seededBlob(5 * KIB, 77);
  const bytes = Buffer.concat([...(chart.chunks?.(0, chart.size) ?? [])]);
  const blob = (content: Buffer, mediaType: string): BuiltImage['blobs'][number] => ({
    descriptor: { mediaType, digest: digestOf(content), size: content.length },
    content: blobOf(content),
  });
  const blobs = [
    blob(config, 'application/vnd.cncf.helm.config.v1+json'),
    blob(bytes, 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'),
  ] as const;
  const [{ descriptor }, layer] = blobs;
  // Without a mediaType of its own, as Helm 3 pushes it.
  return withManifest({ schemaVersion: 2, config: descriptor, layers: [layer.descriptor] }, MEDIA_TYPES.ociManifest, {
    blobs,
  });
}

const KINDS: readonly (readonly [string, BuiltImage])[] = [
  ['an OCI image', image],
  ['a Docker image', buildImage({ seed: 2, format: 'docker', ...LAYERS })],
  ['an OCI index', buildMultiPlatform({ seed: 3, ...LAYERS }, PLATFORMS)],
  ['a Docker manifest list', buildMultiPlatform({ seed: 7, format: 'docker', ...LAYERS }, PLATFORMS)],
  ['indexes within indexes', buildIndex([buildIndex([buildIndex([buildMultiPlatform({ seed: 11 }, PLATFORMS)])])])],
  ['an index whose parts are named on several levels', diamond()],
  ['an image with a layer of 0 bytes', buildImage({ seed: 14, layers: [0, 100] })],
  ['an image with the same layer twice', buildImage({ seed: 15, layers: [100, 100], layerSeeds: [9, 9] })],
  ['an image without layers', buildImage({ seed: 16, layers: [] })],
  ['an image whose layer is larger than what is held in memory', buildImage({ seed: 17, layers: [TEED, 3 * TEED] })],
  ['a Helm chart', helmChart()],
  ['an artifact with an artifact type', buildImage({ seed: 18, artifactType: 'application/vnd.example.sbom.v1' })],
  ['an image with non-ASCII annotations', buildImage({ seed: 19, annotations: { title: 'é — 画像' } })],
];

describe('copying over HTTP', () => {
  let world: Copying;
  const stage = (staged: BuiltImage): Digest => storeImage(world.source.store, STAGED, staged).digest;

  beforeEach(async () => {
    world = await startCopying();
  });
  afterEach(() => world[Symbol.asyncDispose]());

  it.each(KINDS)('brings %s to every mirror byte for byte, reading each part of the source once', async (_, built) => {
    const result = await world.copy(stage(built));
    expect(codesOf(result)).toEqual([undefined, undefined, undefined]);
    for (const { store } of world.mirrors) expectImage(store, built, 'v1');
    expect(result.sourceReads).toBe(partsOf(built));
    const { getManifest = 0, getBlob = 0 } = world.source.counters.counts().kinds;
    expect(getManifest + getBlob).toBe(partsOf(built));
    for (const mirror of world.mirrors) {
      expect(Math.max(0, ...sentBlobs(mirror).values())).toBeLessThanOrEqual(1);
      expect(mirror.openUploads()).toBe(0);
    }
  });

  it('needs no more than eleven requests a mirror for an image of four blobs', async () => {
    const result = await world.copy(stage(image));
    expect(result.sourceReads).toBe(5);
    for (const { meter } of result.mirrors) expect(meter.requests).toBeLessThanOrEqual(11);
    for (const { counters } of world.mirrors)
      expect(counters.counts().requests).toBe(result.mirrors[0]?.meter.requests);
  });

  it('leaves a foreign layer where it is', async () => {
    const foreign = withForeignLayer(buildImage({ seed: 20 }));
    const result = await world.copy(stage(foreign));
    expect(codesOf(result)).toEqual([undefined, undefined, undefined]);
    for (const { store } of world.mirrors) {
      expectImage(store, foreign, 'v1');
      expect(store.repository(TARGET)?.blobs.size).toBe(3);
    }
    expect(result.sourceReads).toBe(4);
  });

  it('puts every tag, and a digest without tags under its digest', async () => {
    const [first, second] = world.mirrors;
    const targets = [targetOn(first, { tags: ['v1', 'v1.0', 'latest'] }), targetOn(second, { tags: [] })];
    expect(codesOf(await world.copy(stage(image), targets))).toEqual([undefined, undefined]);
    for (const tag of ['v1', 'v1.0', 'latest']) expectImage(first.store, image, tag);
    expectImage(second.store, image, undefined);
    expect(second.store.repository(TARGET)?.tags.size).toBe(0);
    expect(first.counters.counts().kinds.putManifest).toBe(3);
  });

  it('tags what is there with one PUT between two HEADs, and reads nothing but the root', async () => {
    const multi = buildMultiPlatform({ seed: 40 }, PLATFORMS);
    const digest = stage(multi);
    const [first, second] = world.mirrors;
    storeImage(first.store, TARGET, multi);
    const tag = targetOn(first, { action: 'tag', isNew: false, tags: ['v2'] });
    const result = await world.copy(digest, [tag]);
    expect(codesOf(result)).toEqual([undefined]);
    expect(first.counters.counts().kinds).toEqual({ putManifest: 1, headManifest: 2 });
    expect(result.sourceReads).toBe(1);
    expect(second.counters.counts().requests).toBe(0);
  });

  it('sends a larger layer that the repository has already to nobody, and asks for it once', async () => {
    const base = 2 * KIB * KIB;
    const [old, next] = [1, 2].map((seed) => buildImage({ seed: 50 + seed, layers: [base, KIB], layerSeeds: [500] }));
    const digest = stage(next ?? image);
    for (const { store } of world.mirrors) storeImage(store, TARGET, old ?? image, ['v0']);
    const result = await world.copy(
      digest,
      world.mirrors.map((mirror) => targetOn(mirror, { isNew: false })),
    );
    expect(codesOf(result)).toEqual([undefined, undefined, undefined]);
    for (const { store, counters } of world.mirrors) {
      expectImage(store, next ?? image, 'v1');
      expect(counters.counts().bytesIn).toBeLessThan(100 * KIB);
      expect(counters.counts().kinds.headBlob).toBe(1);
    }
    expect(result.sourceReads).toBe(3);
    expect(world.source.counters.counts().bytesOut).toBeLessThan(100 * KIB);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildImage, buildIndex, type BuiltImage } from '../../../test/support/registry/images.ts';
import { MEDIA_TYPES, type Descriptor, type Manifest } from '../../image/descriptor.ts';
import { digestOf, type Digest } from '../../image/digest.ts';
import { bytesOf, openImageTree, type ImageTree, type TreeSource } from './image-tree.ts';

const REPOSITORY = 'staging.test/app';

/** The tree of an image, and how often each manifest below the root was read. */
async function treeOf(image: BuiltImage): Promise<{ readonly tree: ImageTree; readonly reads: Map<Digest, number> }> {
  const all = new Map<Digest, Manifest>();
  const visit = ({ manifest, children }: BuiltImage): void => {
    all.set(manifest.descriptor.digest, manifest);
    children.forEach(visit);
  };
  visit(image);
  const reads = new Map<Digest, number>();
  const read = (digest: Digest): Promise<Manifest | undefined> => {
    reads.set(digest, (reads.get(digest) ?? 0) + 1);
    return Promise.resolve(all.get(digest));
  };
  return { tree: await readImageTree(image.manifest, REPOSITORY, { ...nothing, read }), reads };
}

async function readImageTree(root: Manifest, repository: string, source: TreeSource): Promise<ImageTree> {
  const { digest } = root.descriptor;
  const read = (wanted: Digest): Promise<Manifest | undefined> =>
    wanted === digest ? Promise.resolve(root) : source.read(wanted);
  const opened = await openImageTree(digest, repository, { ...source, read });
  if (opened === undefined) throw new Error('the root exists');
  return opened.tree;
}

function manifestOf(document: unknown, mediaType: string = MEDIA_TYPES.ociManifest): Manifest {
  const bytes = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}

const nothing: TreeSource = { read: () => Promise.resolve(undefined), has: () => Promise.resolve(false) };
const blob = { mediaType: 'application/octet-stream', digest: digestOf(Buffer.from('x')), size: 1 };

const leaf = fc
  .integer({ min: 1, max: 6 })
  .map((seed) => buildImage({ seed, layers: [10, 20], layerSeeds: [seed % 2] }));
const { image: anyImage } = fc.letrec<{ image: BuiltImage; index: BuiltImage }>((tie) => ({
  image: fc.oneof({ depthSize: 'small', maxDepth: 4 }, leaf, tie('index')),
  index: fc.array(tie('image'), { minLength: 1, maxLength: 3 }).map((children) => buildIndex(children)),
}));

describe('src/registry/image/image-tree', () => {
  it('adds up manifests, configs and layers of all platforms, each digest once', async () => {
    const [one, two] = [1, 2].map((seed) => buildImage({ seed, layers: [10, 20], layerSeeds: [7] }));
    if (one === undefined || two === undefined) throw new Error('there are two');
    const index = buildIndex([one, two]);
    const blobs = new Map([...one.blobs, ...two.blobs].map(({ descriptor }) => [descriptor.digest, descriptor.size]));
    const manifests = [index, one, two].map(({ manifest }) => manifest.descriptor.size);
    const { tree } = await treeOf(index);
    expect(bytesOf(tree)).toBe([...manifests, ...blobs.values()].reduce((sum, size) => sum + size, 0));
  });

  it('orders any tree so that each level needs only those before it, and names every part once', async () => {
    await fc.assert(
      fc.asyncProperty(anyImage, async (image) => {
        const { tree, reads } = await treeOf(image);
        const manifests = new Set<Digest>();
        const blobs = new Set<Digest>();
        const visit = (one: BuiltImage): void => {
          manifests.add(one.manifest.descriptor.digest);
          for (const { descriptor } of one.blobs) blobs.add(descriptor.digest);
          one.children.forEach(visit);
        };
        visit(image);
        const written = new Set<Digest>();
        for (const level of [...tree.levels, [tree.root]]) {
          for (const { bytes } of level) {
            const { manifests: children = [] } = JSON.parse(Buffer.from(bytes).toString()) as {
              manifests?: { digest: Digest }[];
            };
            for (const { digest } of children) expect(written.has(digest)).toBe(true);
          }
          for (const { descriptor } of level) written.add(descriptor.digest);
        }
        expect(tree.levels.flat().length + 1).toBe(manifests.size);
        expect(written).toEqual(manifests);
        expect(tree.blobs.map(({ digest }) => digest).toSorted()).toEqual([...blobs].toSorted());
        for (const count of reads.values()) expect(count).toBe(1);
      }),
      { numRuns: 100 },
    );
  });

  it('omits layers with their own URLs, and includes those whose list of URLs is empty', async () => {
    const foreign = { ...blob, digest: digestOf(Buffer.from('y')), urls: ['https://layers.example.com/y'] };
    const manifest = manifestOf({
      schemaVersion: 2,
      config: { ...blob, digest: digestOf(Buffer.from('c')) },
      layers: [foreign, { ...blob, urls: [] }],
    });
    const { blobs, foreign: elsewhere } = await readImageTree(manifest, REPOSITORY, nothing);
    expect(blobs.map(({ digest }) => digest)).toEqual([digestOf(Buffer.from('c')), blob.digest]);
    expect(elsewhere.map(({ digest }) => digest)).toEqual([foreign.digest]);
  });

  it('includes layers with their own URLs that the source has, and looks each up once', async () => {
    const [here, there] = ['here', 'there'].map((text) => ({ ...blob, digest: digestOf(Buffer.from(text)) }));
    const layers = [here, there, here].map((layer) => ({ ...layer, urls: ['https://layers.example.com/y'] }));
    const asked: Descriptor[] = [];
    const has: TreeSource['has'] = (layer) => {
      asked.push(layer);
      return Promise.resolve(layer.digest === here?.digest);
    };
    const manifest = manifestOf({ schemaVersion: 2, config: blob, layers });
    const tree = await readImageTree(manifest, REPOSITORY, { ...nothing, has });
    expect(tree.blobs).toEqual([blob, here]);
    expect(tree.foreign).toEqual([there]);
    expect(asked).toEqual([here, there]);
  });

  it('recognizes an index that does not state its type', async () => {
    const child = buildImage({ seed: 1 });
    const index = manifestOf({ schemaVersion: 2, manifests: [child.manifest.descriptor] }, 'application/octet-stream');
    const tree = await readImageTree(index, REPOSITORY, { ...nothing, read: () => Promise.resolve(child.manifest) });
    expect(tree.levels).toEqual([[child.manifest]]);
  });

  it('names an index and the child that is missing at the source', async () => {
    const index = buildIndex([buildImage({ seed: 1 })]);
    const child = index.children[0]?.manifest.descriptor.digest ?? '';
    await expect(readImageTree(index.manifest, REPOSITORY, nothing)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      side: 'source',
      message: `the index ${REPOSITORY}@${index.manifest.descriptor.digest} names ${child}, which the source repository does not have`,
    });
  });

  it('returns the artifact types of an artifact, each once', async () => {
    const chart = buildImage({ seed: 1, artifactType: 'application/x.chart' });
    const other = manifestOf({ schemaVersion: 2, config: { ...blob, mediaType: 'application/x.config' }, layers: [] });
    const index = buildIndex([
      chart,
      buildImage({ seed: 2, artifactType: 'application/x.chart' }),
      buildImage({ seed: 3 }),
    ]);
    expect((await treeOf(index)).tree.artifactTypes).toEqual(['application/x.chart']);
    expect((await readImageTree(other, REPOSITORY, nothing)).artifactTypes).toEqual(['application/x.config']);
    const empty = manifestOf(
      { schemaVersion: 2, artifactType: 'application/x.list', manifests: [] },
      MEDIA_TYPES.ociIndex,
    );
    expect((await readImageTree(empty, REPOSITORY, nothing)).artifactTypes).toEqual(['application/x.list']);
    for (const format of ['oci', 'docker'] as const)
      expect((await treeOf(buildImage({ seed: 4, format }))).tree.artifactTypes).toEqual([]);
  });

  it.each([
    ['application/vnd.oci.artifact.manifest.v1+json', 10, 'a deprecated OCI artifact manifest'],
    ['application/vnd.buildkit.cacheconfig.v0', 10, 'of type application/vnd.buildkit.cacheconfig.v0'],
    [MEDIA_TYPES.ociManifest, 4 * 1024 * 1024 + 1, 'more than 4194304'],
  ])(
    'rejects an index with a child of type %s and %i bytes, and does not read it',
    async (mediaType, size, problem) => {
      const index = manifestOf({ schemaVersion: 2, manifests: [{ ...blob, mediaType, size }] }, MEDIA_TYPES.ociIndex);
      const read = (): Promise<never> => Promise.reject(new Error('was read'));
      const refusal = readImageTree(index, REPOSITORY, { ...nothing, read });
      await expect(refusal).rejects.toMatchObject({ code: 'UNSUPPORTED_MANIFEST', side: 'source' });
      await expect(refusal).rejects.toThrow(`names ${blob.digest}`);
      await expect(refusal).rejects.toThrow(problem);
    },
  );

  it('accepts a manifest of 4 MiB, and rejects a larger one', async () => {
    const document = { schemaVersion: 2, manifests: [], annotations: { padding: '' } };
    const padding = 4 * 1024 * 1024 - JSON.stringify(document).length;
    const padded = (more: number): Manifest =>
      manifestOf({ ...document, annotations: { padding: 'x'.repeat(padding + more) } }, MEDIA_TYPES.ociIndex);
    await expect(readImageTree(padded(0), REPOSITORY, nothing)).resolves.toBeDefined();
    await expect(readImageTree(padded(1), REPOSITORY, nothing)).rejects.toMatchObject({ code: 'UNSUPPORTED_MANIFEST' });
  });

  it.each([
    ['layers', { schemaVersion: 2, config: blob, layers: null }],
    ['layers', { schemaVersion: 2, config: blob }],
    ['urls', { schemaVersion: 2, config: { ...blob, urls: null }, layers: [] }],
    ['type', { schemaVersion: 2, config: { ...blob, mediaType: null }, layers: null }],
  ])('treats %s that are null or absent as empty', async (_, document) => {
    const { blobs, foreign, root } = await readImageTree(manifestOf(document), REPOSITORY, nothing);
    expect(blobs).toEqual([blob]);
    expect(foreign).toEqual([]);
    expect(root.descriptor.mediaType).toBe(MEDIA_TYPES.ociManifest);
  });

  it.each([{ schemaVersion: 2, manifests: null }, { schemaVersion: 2 }])(
    'treats null or absent children as none: %j',
    async (document) => {
      const tree = await readImageTree(manifestOf(document, MEDIA_TYPES.ociIndex), REPOSITORY, nothing);
      expect([tree.levels, tree.blobs]).toEqual([[], []]);
    },
  );

  it('writes a child served as plain text under the type that its parent states', async () => {
    const { manifest } = buildImage({ seed: 1 });
    const served = { ...manifest, descriptor: { ...manifest.descriptor, mediaType: 'text/plain' } };
    const document = Buffer.from(served.bytes)
      .toString('utf8')
      .replace(/"mediaType":"[^"]*manifest[^"]*",/, '');
    const child = manifestOf(document, 'text/plain');
    const named = { ...child.descriptor, mediaType: MEDIA_TYPES.dockerManifest };
    const index = manifestOf({ schemaVersion: 2, manifests: [named] }, 'text/plain');
    const tree = await readImageTree(index, REPOSITORY, { ...nothing, read: () => Promise.resolve(child) });
    expect(tree.root.descriptor.mediaType).toBe(MEDIA_TYPES.ociIndex);
    expect(tree.levels.flat().map(({ descriptor }) => descriptor.mediaType)).toEqual([MEDIA_TYPES.dockerManifest]);
  });

  it('rejects endlessly nested indexes', async () => {
    let deep = buildImage({ seed: 1 });
    for (let depth = 0; depth < 17; depth += 1) deep = buildIndex([deep]);
    await expect(treeOf(deep)).rejects.toMatchObject({ code: 'UNSUPPORTED_MANIFEST' });
    await expect(treeOf(deep.children[0] ?? deep)).resolves.toBeDefined();
  });

  it.each([
    ['no JSON', '{"schemaVersion":', 'is not JSON'],
    ['a JSON string', '"text"', 'is not a JSON object'],
    ['a list', '[]', 'is not a JSON object'],
    ['nothing at all', '', 'is not JSON'],
    ['schema version 1', { schemaVersion: 1, name: 'app', fsLayers: [] }, 'is an image of schema version 1'],
    [
      'an artifact manifest without config',
      { mediaType: 'application/vnd.oci.artifact.manifest.v1+json', blobs: [] },
      'is a deprecated OCI artifact manifest',
    ],
    ['no config', { schemaVersion: 2, layers: [] }, 'config'],
    [
      'a digest that is none',
      { schemaVersion: 2, config: { ...blob, digest: 'sha256:abc' }, layers: [] },
      'config.digest is not a digest',
    ],
    ['a negative size', { schemaVersion: 2, config: { ...blob, size: -1 }, layers: [] }, 'config.size'],
    ['a size that is no number', { schemaVersion: 2, config: blob, layers: [{ ...blob, size: '1' }] }, 'layers.0.size'],
    ['layers that are no list', { schemaVersion: 2, config: blob, layers: {} }, 'layers'],
    ['an image and an index at once', { schemaVersion: 2, config: blob, manifests: [blob] }, 'as well as manifests'],
    ['an unknown type', { schemaVersion: 2, mediaType: 'text/plain', config: blob }, 'neither an image nor an index'],
  ])('rejects %s by name', async (_, document, problem) => {
    const manifest = manifestOf(document);
    const refusal = readImageTree(manifest, REPOSITORY, nothing);
    await expect(refusal).rejects.toMatchObject({ code: 'UNSUPPORTED_MANIFEST', side: 'source' });
    await expect(refusal).rejects.toThrow(`${REPOSITORY}@${manifest.descriptor.digest} (`);
    await expect(refusal).rejects.toThrow(problem);
  });
});

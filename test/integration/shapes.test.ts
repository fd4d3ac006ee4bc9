import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MEDIA_TYPES } from '../../src/image/descriptor.ts';
import { digestOf } from '../../src/image/digest.ts';
import { cip } from '../support/promotion/cip.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { signingStage } from '../support/promotion/signing-stage.ts';
import { buildImage, buildIndex, buildMultiPlatform, storeImage, type BuiltImage } from '../support/registry/images.ts';

const good = buildImage({ seed: 1 });
const digest = ({ manifest }: BuiltImage): string => manifest.descriptor.digest;

/** A manifest as given, whatever it says, beside the parts of another image. */
function manifestOf(document: object, mediaType: string, parts: Partial<BuiltImage> = {}): BuiltImage {
  const bytes = Buffer.from(JSON.stringify(document));
  return {
    manifest: { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } },
    blobs: [],
    children: [],
    ...parts,
  };
}

const ARTIFACT = 'application/vnd.oci.artifact.manifest.v1+json';
const artifact = manifestOf({ mediaType: ARTIFACT, artifactType: 'application/x.sbom', blobs: [] }, ARTIFACT);
const SCHEMA_1 = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
const old = manifestOf({ schemaVersion: 1, name: 'app', tag: 'v1', fsLayers: [] }, SCHEMA_1);
const large = manifestOf(
  { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [], annotations: { a: 'x'.repeat(5 * 1024 * 1024) } },
  MEDIA_TYPES.ociIndex,
);

function withForeignLayer({ manifest, blobs }: BuiltImage): BuiltImage {
  const document = JSON.parse(Buffer.from(manifest.bytes).toString()) as { layers: object[] };
  const foreign = {
    mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    size: 1_000_000,
    digest: digestOf(Buffer.from('kept elsewhere')),
    urls: ['https://layers.example.com/one'],
  };
  return manifestOf({ ...document, layers: [foreign, ...document.layers] }, manifest.descriptor.mediaType, { blobs });
}

const ODD: readonly (readonly [string, BuiltImage, string])[] = [
  [
    'R17 an index with a deprecated artifact-manifest child',
    buildIndex([good, artifact]),
    'a deprecated OCI artifact manifest',
  ],
  ['a deprecated artifact manifest', artifact, 'is a deprecated OCI artifact manifest'],
  ['an image of schema 1', old, 'schema version 1'],
  ['an index with a child of schema 1', buildIndex([good, old]), SCHEMA_1],
  [
    'an index that names a layer',
    buildIndex([manifestOf({}, 'application/vnd.oci.image.layer.v1.tar')]),
    'layer.v1.tar',
  ],
  ['a manifest of more than 4 MiB', large, 'more than 4194304'],
  ['a platform with a foreign layer', buildIndex([good, withForeignLayer(buildImage({ seed: 2 }))]), 'foreign layer'],
];

describe('what cannot be copied as it is', () => {
  it.each(ODD)('refuses %s at plan, writes nothing of it, and promotes its neighbour', async (_, odd, reason) => {
    const stage = await signingStage(2);
    for (const one of [odd, good]) storeImage(stage.staging.store, 'staging/app', one);
    storeImage(stage.staging.store, 'staging/odd', odd);
    const project = stage.project([
      ['odd', digest(odd), 'v1'],
      ['app', digest(good), 'v1'],
    ]);
    for (const flags of [[], ['--confirm']]) {
      const { code, log, summary } = await stage.run([project], flags);
      expect([code, log.filter((line) => line.startsWith('error '))]).toEqual([1, [expect.stringContaining(reason)]]);
      expect(summary).toContain('UNSUPPORTED_MANIFEST');
    }
    for (const { snapshot } of stage.mirrors) {
      expect(Object.keys(snapshot())).toEqual(['prod/app']);
      expect(snapshot()['prod/app']?.tags).toMatchObject({ v1: digest(good) });
    }
    const sent = stage.mirrors.flatMap(({ counters }) => counters.log).filter(({ path }) => path.includes('prod/odd'));
    expect(sent.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
  });

  it('refuses artifacts of types that the project does not list, and promotes what it lists', async () => {
    const stage = await signingStage(1);
    const [chart, other] = [6, 7].map((seed) => buildImage({ seed, artifactType: `application/x.type${seed}` }));
    if (chart === undefined || other === undefined) throw new Error('there are two');
    for (const one of [chart, other, good]) storeImage(stage.staging.store, 'staging/app', one);
    const project = stage.project([chart, other, good].map((one, index) => ['app', digest(one), `v${index}`] as const));
    await using tree = await writeTree([project]);
    await writeFile(join(tree.path, 'promoter-policy.yaml'), 'artifactTypes: [application/x.type6]\n');
    const { code, summary } = await cip(['--manifests', tree.path, '--confirm', '--sign=false']);
    expect([code, summary]).toEqual([1, expect.stringContaining('ARTIFACT_TYPE')]);
    expect(Object.keys(stage.mirrors[0]?.snapshot()['prod/app']?.tags ?? {})).toEqual(['v0', 'v2']);
  });

  it('reads each manifest of an index once, for the plan and the copy to 3 mirrors', async () => {
    const stage = await signingStage(3);
    const index = buildMultiPlatform({ seed: 5 }, ['linux/amd64', 'linux/arm64', 'windows/amd64']);
    storeImage(stage.staging.store, 'staging/app', index);
    const { code } = await stage.run(
      [stage.project([['app', digest(index), 'v1', 'v2']])],
      ['--confirm', '--sign=false'],
    );
    const reads = stage.staging.counters.log.filter(({ path }) => path.includes('/manifests/'));
    expect([code, reads.length]).toEqual([0, 4]);
  });
});

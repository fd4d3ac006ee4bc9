import { describe, expect, it } from 'vitest';
import { buildAttestation, buildImage, buildIndex, type BuiltImage } from '../../../test/support/registry/images.ts';
import { MEDIA_TYPES, type Manifest } from '../../image/descriptor.ts';
import { digestOf, type Digest } from '../../image/digest.ts';
import { imagesIn, platformsOf, type ReadManifestOf } from './platforms.ts';

const REPOSITORY = 'staging.test/app';

/** Reads the manifests of these images, and counts how often each. */
function readerOf(...images: readonly BuiltImage[]): { readonly read: ReadManifestOf; readonly asked: Digest[] } {
  const all = new Map<Digest, Manifest>();
  const visit = ({ manifest, children }: BuiltImage): void => {
    all.set(manifest.descriptor.digest, manifest);
    children.forEach(visit);
  };
  images.forEach(visit);
  const asked: Digest[] = [];
  const read: ReadManifestOf = async (digest) => {
    asked.push(digest);
    return all.get(digest);
  };
  return { read, asked };
}
const [amd, arm] = [buildImage({ seed: 1 }), buildImage({ seed: 2, platform: 'linux/arm64' })];
const attestation = buildAttestation(amd);
const digestsOf = (...images: readonly BuiltImage[]): readonly Digest[] =>
  images.map(({ manifest }) => manifest.descriptor.digest);

async function platformsIn(index: BuiltImage): Promise<readonly Digest[] | undefined> {
  const found = await platformsOf(index.manifest, REPOSITORY, readerOf(index).read);
  return found?.map(({ digest }) => digest);
}

const indexOf = (text: string): BuiltImage => {
  const bytes = Buffer.from(text);
  const descriptor = { mediaType: MEDIA_TYPES.ociIndex, digest: digestOf(bytes), size: bytes.length };
  return { manifest: { bytes, descriptor }, blobs: [], children: [] };
};

describe('src/registry/image/platforms.ts', () => {
  it("skips BuildKit's attestation of a sibling, and reads no other child", async () => {
    const index = buildIndex([amd, arm, attestation]);
    const { read, asked } = readerOf(index);
    const found = await platformsOf(index.manifest, REPOSITORY, read);
    expect(found?.map(({ digest, platform }) => [digest, platform])).toEqual([
      [amd.manifest.descriptor.digest, 'linux/amd64'],
      [arm.manifest.descriptor.digest, 'linux/arm64'],
    ]);
    expect(asked).toEqual(digestsOf(attestation));
  });

  it('returns undefined for an image', async () => {
    expect(await platformsIn(amd)).toBeUndefined();
  });

  const { annotations } = attestation.named as { annotations: Record<string, string> };
  it.each<[string, readonly BuiltImage[]]>([
    ['calls its platform unknown', [{ ...arm, named: { platform: { os: 'unknown', architecture: 'unknown' } } }]],
    ['has null for its platform', [{ ...arm, named: { platform: null } }]],
    ['has null for its os', [{ ...arm, named: { platform: { os: null, architecture: null } } }]],
    ['is annotated as an attestation, and has layers of an image', [{ ...arm, named: { annotations } }]],
    ['attests what is not in the index', [buildAttestation(arm)]],
    ['attests itself', [{ ...attestation, named: { annotations: { ...annotations, ...ofItself() } } }]],
    ['attests an attestation', [attestation, { ...arm, named: { annotations: { ...annotations, ...ofItself() } } }]],
    ['is named once more without the annotation', [attestation, { ...attestation, named: {} }]],
    ['has no layers', [{ ...buildImage({ seed: 5, layers: [] }), named: { annotations } }]],
  ])('returns as a platform a child that %s', async (_, children) => {
    const last = children.at(-1)?.manifest.descriptor.digest;
    expect(await platformsIn(buildIndex([amd, ...children]))).toContain(last);
  });

  function ofItself(): Record<string, string> {
    return { 'vnd.docker.reference.digest': attestation.manifest.descriptor.digest };
  }

  it('returns as a platform a missing child that is annotated as an attestation', async () => {
    const index = buildIndex([amd, attestation]);
    const found = await platformsOf(index.manifest, REPOSITORY, () => Promise.resolve(undefined));
    expect(found).toHaveLength(2);
  });

  const child = JSON.stringify(amd.manifest.descriptor).slice(1, -1);
  const whole = (manifests: string, more = ''): string => `{"schemaVersion":2,${more}"manifests":[${manifests}]}`;
  it.each([
    ['a number for an os', whole(`{${child},"platform":{"os":1,"architecture":"amd64"}}`), 'platform.os'],
    ['a string for a platform', whole(`{${child},"platform":"linux/amd64"}`), 'platform'],
    [
      'a platform in another case',
      whole(`{${child},"Platform":{"os":"linux"}}`),
      '"Platform" is written for "platform"',
    ],
    ['an os in another case', whole(`{${child},"platform":{"OS":"linux"}}`), '"OS" is written for "os"'],
    ['manifests in another case', whole('', '"Manifests":[],'), '"Manifests" is written for "manifests"'],
    ['layers in another case', whole('', '"Layers":[],'), '"Layers" is written for "layers"'],
    ['manifests twice', whole('', '"manifests":[],'), 'has the key "manifests" twice'],
    ['a child that is kept elsewhere', whole(`{${child},"urls":["https://example.com"]}`), 'manifests.0.urls'],
    ['a media type of several lines', whole('', '"mediaType":"a/b\\nc",'), 'mediaType is not a media type'],
    ['other embedded content', whole(`{${child},"data":"e30="}`), 'manifests.0.data'],
    ['annotations that are no text', whole(`{${child},"annotations":{"a":1}}`), 'annotations.a'],
    ['a size with a fraction', whole(`{${child.replace(/"size":\d+/, '"size":1.0')}}`), 'a fraction'],
  ])('rejects an index with %s', async (_, text, problem) => {
    const refusal = platformsIn(indexOf(text));
    await expect(refusal).rejects.toMatchObject({ code: 'UNSUPPORTED_MANIFEST' });
    await expect(refusal).rejects.toThrow(problem);
  });

  it('returns images once and before their index, however often and deeply they are nested', async () => {
    const inner = buildIndex([arm, amd]);
    const outer = buildIndex([amd, inner, inner, buildIndex([inner])]);
    const { read, asked } = readerOf(outer);
    const found = (await imagesIn(outer.manifest, REPOSITORY, read)).map(({ digest }) => digest);
    expect(found).toEqual([...digestsOf(amd, arm, inner, buildIndex([inner]), outer)]);
    expect(asked).toEqual(digestsOf(inner, buildIndex([inner])));
  });

  it('finds the images of an index whose parent states no type', async () => {
    const untyped = { ...buildIndex([arm]), named: { mediaType: null } };
    const outer = buildIndex([amd, untyped]);
    const found = await imagesIn(outer.manifest, REPOSITORY, readerOf(outer).read);
    expect(found.map(({ digest }) => digest)).toEqual(digestsOf(amd, arm, untyped, outer));
  });

  it('names the missing index below another one', async () => {
    const outer = buildIndex([buildIndex([amd])]);
    await expect(imagesIn(outer.manifest, REPOSITORY, () => Promise.resolve(undefined))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

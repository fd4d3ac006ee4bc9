import { describe, expect, it } from 'vitest';
import { buildImage, storeImage } from '../../../test/support/registry/images.ts';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { cosignTag } from '../../image/cosign-tag.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { digestOf } from '../../image/digest.ts';
import { memoryRegistry, type MemoryRegistry } from '../../../test/support/memory-registry/memory.ts';
import { attacher } from '../../registry/attaching/attacher.ts';
import { subjectLock } from '../../registry/attaching/lock.ts';
import { attachedImage } from './image-layers.ts';
import { LEGACY } from '../formats/cosign-layer.ts';
import { bundleAttachment, publisher, type OwnBundle, type Publisher } from './publish.ts';
import type { LegacySignature } from '../roles.ts';
import { SIGNATURE } from '../formats/statement.ts';

const REPOSITORY = 'a.test/app';
const call = { signal: new AbortController().signal };
const TIME = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

type World = {
  readonly registry: MemoryRegistry;
  readonly subject: Descriptor;
  readonly publisher: Publisher;
  readonly calls: string[];
};

function world(referrers = true): World {
  const calls: string[] = [];
  const registry = memoryRegistry({
    referrers: () => referrers,
    before: ({ operation }) => void calls.push(operation),
  });
  const subject = storeImage(registry.store('a.test'), 'app', buildImage({ seed: 1 }), ['v1']);
  const lock = subjectLock(async () => undefined);
  const services = { registry, lock, attacher: attacher(registry, lock), clock: fakeClock({ start: TIME }) };
  return { registry, subject, publisher: publisher(services), calls };
}

const signatureOf = (index: number): LegacySignature => ({
  payload: Buffer.from(`payload ${index % 3}`),
  annotations: { [LEGACY.signature]: String(index) },
});

const bundleOf = (text: string): OwnBundle => ({
  bytes: Buffer.from(text),
  predicateType: SIGNATURE,
  identity: { kind: 'keyless', issuer: 'https://issuer.test', subject: 'promoter@test' },
});

async function layersOf({ registry, subject }: World): Promise<readonly (string | undefined)[]> {
  const manifest = await registry.readManifest(REPOSITORY, cosignTag(subject.digest, 'sig'), call);
  const layers = (manifest && attachedImage(manifest))?.layers ?? [];
  return layers.map(({ annotations }) => annotations[LEGACY.signature]);
}

describe('src/attest/attached/publish.ts', () => {
  it('writes the manifest of a bundle like cosign, with the signer', () => {
    const [bytes, subject] = [Buffer.from('{}'), world().subject];
    const { manifest, referrer, blobs } = bundleAttachment(subject, bundleOf('a bundle'), TIME);
    const type = 'application/vnd.dev.sigstore.bundle.v0.3+json';
    const annotations = {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1',
      'org.opencontainers.image.created': '2026-01-02T03:04:05Z',
      'org.kubernetes.kpromo.identity': 'https://issuer.test::promoter@test',
    };
    expect(JSON.parse(Buffer.from(manifest.bytes).toString())).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: type,
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(bytes), size: 2 },
      layers: [{ mediaType: type, digest: digestOf(Buffer.from('a bundle')), size: 8 }],
      subject,
      annotations,
    });
    expect(referrer).toEqual({ ...manifest.descriptor, artifactType: type, annotations });
    expect(blobs.map((blob) => Buffer.from(blob.bytes).toString())).toEqual(['{}', 'a bundle']);
  });

  it.each([true, false])('lists a bundle with its annotations (referrers API: %s)', async (referrers) => {
    const there = world(referrers);
    await there.publisher.bundle(REPOSITORY, there.subject, bundleOf('a bundle'), call);
    await there.publisher.bundle(REPOSITORY, there.subject, bundleOf('another'), call);
    expect(await there.registry.listReferrers(REPOSITORY, there.subject.digest, call)).toEqual(
      ['a bundle', 'another'].map((text) => bundleAttachment(there.subject, bundleOf(text), TIME).referrer),
    );
  });

  it('loses none of 66 concurrent signatures, and no existing one', async () => {
    const there = world();
    const { digest } = there.subject;
    await there.publisher.signatures(REPOSITORY, digest, [signatureOf(100)], call);
    const all = Array.from({ length: 66 }, (_, index) => signatureOf(index));
    const written = await Promise.all(all.map((one) => there.publisher.signatures(REPOSITORY, digest, [one], call)));
    expect(written).toEqual(all.map(() => true));
    const expected = [100, ...all.keys()].map(String);
    expect(new Set(await layersOf(there))).toEqual(new Set(expected));
    expect(await layersOf(there)).toHaveLength(67);
  });

  it('writes nothing that exists', async () => {
    const there = world();
    const { digest } = there.subject;
    expect(await there.publisher.signatures(REPOSITORY, digest, [signatureOf(1), signatureOf(2)], call)).toBe(true);
    there.calls.length = 0;
    expect(await there.publisher.signatures(REPOSITORY, digest, [signatureOf(2), signatureOf(1)], call)).toBe(false);
    expect(there.calls).toEqual(['readManifest']);
  });
});

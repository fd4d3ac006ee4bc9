import { describe, expect, it } from 'vitest';
import { signedWorld, type SignedWorld } from '../../../test/support/attached.ts';
import { attachBytes, referSignatures } from '../../../test/support/evidence.ts';
import { cosignTag } from '../../image/cosign-tag.ts';
import { blobOf } from '../../../test/support/memory-registry/store.ts';
import { MEDIA_TYPES } from '../../image/descriptor.ts';
import { attachedTo } from './attached.ts';
import { checkDigest, type DigestCheck } from '../checking/check-digest.ts';
import { LEGACY } from '../formats/cosign-layer.ts';
import { attachedImage } from './image-layers.ts';
import { isSameIdentity } from '../identity/same-identity.ts';
import { signDigest, type SignTarget } from '../writing/sign-digest.ts';

const REFERENCE = 'prod.test/app';
const call = { signal: new AbortController().signal };

const target = ({ repository, subject: { digest } }: SignedWorld): SignTarget => ({
  repository,
  digest,
  reference: REFERENCE,
});

/** An image that cosign signed into a referrer, in our name. */
async function referred(options: Parameters<typeof signedWorld>[0] = {}): Promise<SignedWorld> {
  const world = await signedWorld({ format: 'legacy', ...options });
  await signDigest(world.services, target(world), call);
  referSignatures(world.server.store, 'app', world.subject);
  return world;
}

const check = ({ registry, services, repository, subject: { digest } }: SignedWorld): Promise<DigestCheck> =>
  checkDigest(
    {
      registry,
      verifier: services.verifier,
      isExpected: (identity) => isSameIdentity(identity, services.signer.identity),
      callTo: () => call,
    },
    { repository, mirrors: [], reference: REFERENCE, digest, wants: { signature: true, record: false } },
  );

const forms = async ({ registry, services, repository, subject: { digest } }: SignedWorld): Promise<string[]> => {
  const all = await attachedTo(registry, services.verifier, repository, digest, call);
  return all.map(({ form, kind, verdict }) => `${form} ${kind} ${verdict.status}`).toSorted();
};

describe('signatures among the referrers (cosign, OCI 1.1)', () => {
  it.each([true, 'bare', 'config-type'] as const)('are verified if lists are %s', async (referrers) => {
    const world = await referred({ registry: { referrers } });
    expect(await forms(world)).toEqual(['sig-referrer signature verified']);
    expect((await check(world)).findings).toMatchObject([{ what: 'signature', status: 'verified' }]);
  });

  it('do not replace the .sig tag or the bundle that clients read by default', async () => {
    const world = await referred();
    const done = await signDigest({ ...world.services, format: 'both' }, target(world), call);
    expect(done).toBe('written');
    expect(await forms(world)).toEqual([
      'bundle signature verified',
      'sig signature verified',
      'sig-referrer signature verified',
    ]);
    expect(await signDigest({ ...world.services, format: 'both' }, target(world), call)).toBe('there');
  });

  it('are verified one by one', async () => {
    const world = await signedWorld({ format: 'legacy' });
    await signDigest(await world.stranger('legacy'), target(world), call);
    await signDigest(world.services, target(world), call);
    referSignatures(world.server.store, 'app', world.subject);
    const all = await attachedTo(world.registry, world.services.verifier, world.repository, world.subject.digest, call);
    expect(all.map(({ form, references }) => [form, references])).toEqual([
      ['sig-referrer', [REFERENCE]],
      ['sig-referrer', [REFERENCE]],
    ]);
    expect((await check(world)).findings).toMatchObject([{ status: 'verified' }]);
  });
});

describe('referrers without a signature', () => {
  it('do not hide a .sig from cosign, which reads no such bundle', async () => {
    const world = await signedWorld({ format: 'legacy' });
    await signDigest(world.services, target(world), call);
    for (const text of ['{"some":"JSON"}', '{"mediaType":']) {
      attachBytes(world.server.store, 'app', world.subject, Buffer.from(text));
      expect((await check(world)).findings).toMatchObject([{ status: 'verified' }]);
    }
  });

  it('are not carried from staging, unlike an unverifiable signature', async () => {
    const staging = await signedWorld({ format: 'legacy' });
    await signDigest(staging.services, target(staging), call);
    const { store } = staging.server;
    const { digest } = staging.subject;
    const tag = cosignTag(digest, 'sig');
    const text = async (reference: string): Promise<string> =>
      Buffer.from((await staging.registry.readManifest(staging.repository, reference, call))?.bytes ?? []).toString();
    const document = JSON.parse(await text(tag)) as { layers: { annotations: Record<string, string> }[] };
    const [ours] = document.layers;
    const { [LEGACY.log]: _gone, ...annotations } = ours?.annotations ?? {};
    const image = Buffer.from(await text(digest));
    store.putBlob('app', digest, blobOf(image));
    const layers = [
      { ...ours, annotations },
      { ...ours, annotations: {}, digest, size: image.length },
    ];
    store.putManifest('app', tag, MEDIA_TYPES.ociManifest, Buffer.from(JSON.stringify({ ...document, layers })));
    expect(await forms(staging)).toEqual(['sig other unverifiable', 'sig signature unverifiable']);
    store.load('other', store.repository('app') ?? expect.fail('it is there'));
    store.remove('other', 'manifest', tag);
    const copy = { ...target(staging), repository: `${staging.host}/other`, staging: staging.repository };
    await signDigest(staging.services, copy, call);
    const signed = await staging.registry.readManifest(copy.repository, tag, call);
    const carried = signed === undefined ? [] : (attachedImage(signed)?.layers ?? []);
    expect(carried.map((layer) => layer.annotations)).toEqual([expect.anything(), annotations]);
  });
});

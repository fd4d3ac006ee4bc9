import { describe, expect, it } from 'vitest';
import { signedWorld, digestSigning, type SignedWorld } from '../../../test/support/attached.ts';
import { memoryLeases } from '../../processes/memory-leases.ts';
import type { FaultHook } from '../../../test/support/registry/faults.ts';
import {
  buildAttestation,
  buildImage,
  buildIndex,
  buildMultiPlatform,
  storeImage,
} from '../../../test/support/registry/images.ts';
import { openedSigning } from '../../../test/support/signing.ts';
import { SIGNER } from '../../../test/support/sigstore/oidc.ts';
import { cosignTag } from '../../image/cosign-tag.ts';
import type { Digest } from '../../image/digest.ts';
import { leasedLock } from '../../registry/attaching/leased-lock.ts';
import { memoryRegistry } from '../../../test/support/memory-registry/memory.ts';
import { subjectLock } from '../../registry/attaching/lock.ts';
import { attachedTo, type Attached } from '../attached/attached.ts';
import { judgedOnce } from '../verifying/cached.ts';
import { LEGACY, signaturePayload } from '../formats/cosign-layer.ts';
import type { LegacySignature } from '../roles.ts';
import { signDigest, type DigestSigning, type Done, type SignTarget } from './sign-digest.ts';
import { patientClock } from '../../../test/support/patient-clock.ts';

const REFERENCE = 'prod.test/app';

const target = ({ repository, subject }: SignedWorld, given: Partial<SignTarget> = {}): SignTarget => ({
  repository,
  digest: subject.digest,
  reference: REFERENCE,
  ...given,
});

const sign = (
  world: SignedWorld,
  given: Partial<SignTarget> = {},
  services: DigestSigning = world.services,
): Promise<Done> => signDigest(services, target(world, given), world.call);

const attached = (world: SignedWorld, digest: Digest = world.subject.digest): Promise<readonly Attached[]> =>
  attachedTo(world.registry, world.services.verifier, world.repository, digest, world.call);

/** Form, who and under which name, of each that verifies. */
const told = (all: readonly Attached[]): string[] =>
  all
    .map(({ form, references, verdict: { status, identity, reason } }) => {
      const who = identity?.kind === 'keyless' ? identity.subject : reason;
      return `${form} ${status} ${who ?? ''} ${references.join()}`;
    })
    .toSorted();

/** A staging repository with the image. */
async function stagingOf(world: SignedWorld): Promise<string> {
  storeImage(world.server.store, 'staging', buildImage({ seed: 1 }), ['v1']);
  return `${world.host}/staging`;
}

const OURS = [`bundle verified ${SIGNER.subject} ${REFERENCE}`, `sig verified ${SIGNER.subject} ${REFERENCE}`];

describe('src/attest/writing/sign-digest.ts', () => {
  it.each([
    ['both', true, OURS],
    ['both', false, OURS],
    ['legacy', true, OURS.slice(1)],
    ['bundle', false, OURS.slice(0, 1)],
  ] as const)(
    'signs as %s with the referrers API: %s; the second time it writes and requests nothing',
    async (format, referrers, expected) => {
      const world = await signedWorld({ registry: { referrers }, format });
      expect(await sign(world)).toBe('written');
      expect(told(await attached(world))).toEqual(expected);
      world.server.counters.reset();
      const { signed } = world.effects();
      expect(await sign(world)).toBe('there');
      expect(world.effects()).toEqual({ writes: 0, signed });
    },
  );

  it('sends as few requests as possible', async () => {
    const world = await signedWorld();
    world.server.counters.reset();
    await sign(world);
    // the subject, .sig and the list; .sig again, two blobs, its PUT and its HEAD; two blobs and a PUT for the bundle
    expect(world.asked(), world.asked().join('\n')).toHaveLength(3 + (1 + 4 + 2) + (4 + 1));
    const { fulcio, rekor, timestamp } = world.sigstore.counts();
    expect({ fulcio, rekor, timestamp }).toEqual({ fulcio: 1, rekor: 2, timestamp: 1 });
    world.server.counters.reset();
    await sign(world);
    // the subject; .sig and its layer; the list, the bundle's manifest and its layer
    expect(world.asked()).toHaveLength(1 + 2 + 3);
  });

  it('R15 signs once for 22 regions with 3 tags each', async () => {
    const world = await signedWorld({ registry: { referrers: false } });
    // verifying the same 66 times would be most of the test
    const services = { ...world.services, verifier: judgedOnce(world.services.verifier) };
    const done = await Promise.all(Array.from({ length: 66 }, () => sign(world, {}, services)));
    expect(done.filter((one) => one === 'written')).toHaveLength(1);
    expect(told(await attached(world))).toEqual(OURS);
    expect(world.sigstore.logged.rekor).toHaveLength(2);
  });

  it('R12 signs a digest under each of its names, once', async () => {
    const world = await signedWorld();
    storeImage(world.server.store, 'other', buildImage({ seed: 1 }), ['v1', 'v2']);
    const other = { repository: `${world.host}/other`, reference: 'prod.test/other' };
    for (const given of [{}, other, {}, other]) await sign(world, given);
    expect(told(await attached(world))).toEqual(OURS);
    const there = await attachedTo(
      world.registry,
      world.services.verifier,
      other.repository,
      world.subject.digest,
      world.call,
    );
    expect(there.map(({ references }) => references)).toEqual([['prod.test/other'], ['prod.test/other']]);
  });

  it('signs once for two processes that share leases', async () => {
    const world = await signedWorld({ registry: { referrers: false } });
    // a tenth of each wait; with a hundredth a lease would not outlive a busy machine
    const clock = patientClock(10);
    const leases = memoryLeases(clock);
    const holder = (name: string): Promise<DigestSigning> => {
      const own = subjectLock(async () => undefined);
      const lock = leasedLock(own, { clock, leases, holderName: () => name });
      return digestSigning(world.registry, world.signing, 'both', lock);
    };
    const [one, other] = [await holder('one'), await holder('other')];
    const done = await Promise.all([one, other, one, other].map((services) => sign(world, {}, services)));
    expect(done.toSorted()).toEqual(['there', 'there', 'there', 'written']);
    expect(told(await attached(world))).toEqual(OURS);
    expect(world.sigstore.logged.rekor).toHaveLength(2);
  });

  it.each([
    ['before the .sig tag', 'manifests/sha256-'],
    ['before the bundle', 'manifests/sha256:'],
  ])('completes the work of a run that ended %s', async (_when, path) => {
    let isDown = true;
    const fault: FaultHook = (request) =>
      isDown && request.method === 'PUT' && request.path.includes(path) ? { status: 403 } : undefined;
    const world = await signedWorld({ registry: { fault } });
    await expect(sign(world)).rejects.toMatchObject({ code: 'DENIED' });
    expect(await attached(world)).toHaveLength(1);
    isDown = false;
    expect(await sign(world)).toBe('written');
    expect(told(await attached(world))).toEqual(OURS);
    // what was signed and not attached is in the log all the same
    expect(world.sigstore.logged.rekor).toHaveLength(2 + 1);
  });

  it('signs under the right name again after a wrong one', async () => {
    const world = await signedWorld();
    await sign(world, { reference: 'wrong.test/app' });
    expect(await sign(world)).toBe('written');
    expect(told(await attached(world))).toEqual(
      [...OURS, ...OURS.map((line) => line.replace(REFERENCE, 'wrong.test/app'))].toSorted(),
    );
  });

  it.each([true, false])(
    'R11 keeps the signatures of staging in both forms, and signs beside them (referrers API: %s)',
    async (referrers) => {
      const world = await signedWorld({ registry: { referrers } });
      const staging = await stagingOf(world);
      await sign(world, { repository: staging, reference: staging }, await world.stranger());
      expect(await sign(world, { staging })).toBe('written');
      const theirs = ['bundle', 'sig'].map((form) => `${form} verified stranger@example.com ${staging}`);
      expect(told(await attached(world))).toEqual([...OURS, ...theirs].toSorted());
      world.server.counters.reset();
      expect(await sign(world, { staging })).toBe('there');
      expect(world.effects().writes).toBe(0);
    },
  );

  it('carries no garbage from staging, and a few unverifiable signatures after ours', async () => {
    const world = await signedWorld();
    const staging = await stagingOf(world);
    await sign(world, { repository: staging, reference: staging }, await world.stranger('legacy'));
    const payload = signaturePayload(REFERENCE, world.subject.digest);
    const junk = (count: number, annotations: Record<string, string>): readonly LegacySignature[] =>
      Array.from({ length: count }, (_, nth) => ({ payload, annotations: { ...annotations, nth: String(nth) } }));
    const unverifiable = junk(200, { [LEGACY.signature]: Buffer.from('a key of somebody').toString('base64') });
    const broken = junk(799, { [LEGACY.signature]: 'bm9uZQ==', [LEGACY.certificate]: 'none' });
    for (const more of [broken, unverifiable])
      await world.services.publisher.signatures(staging, world.subject.digest, more, world.call);
    expect(await sign(world, { staging })).toBe('written');
    const sigs = (await attached(world)).filter(({ form }) => form === 'sig');
    expect(sigs.map(({ verdict }) => verdict.status)).toEqual([
      'verified',
      'verified',
      ...Array<string>(5).fill('unverifiable'),
    ]);
    expect(sigs[0]?.verdict.identity).toMatchObject({ subject: SIGNER.subject });
    expect(await sign(world, { staging })).toBe('there');
  });

  it('works without signatures in staging', async () => {
    const world = await signedWorld();
    expect(await sign(world, { staging: `${world.host}/nothing/here` })).toBe('written');
    expect(told(await attached(world))).toEqual(OURS);
  });

  it('R22 leaves the .sig manifest unchanged when the digest gets a second tag', async () => {
    const world = await signedWorld();
    await sign(world);
    const tag = cosignTag(world.subject.digest, 'sig');
    const before = await world.registry.readManifest(world.repository, tag, world.call);
    storeImage(world.server.store, 'app', buildImage({ seed: 1 }), ['v2']);
    storeImage(world.server.store, 'staging', buildImage({ seed: 1 }), ['v2']);
    expect(await sign(world, { staging: `${world.host}/staging` })).toBe('there');
    expect(await world.registry.readManifest(world.repository, tag, world.call)).toEqual(before);
  });

  it('R13 keeps one .sig manifest with the signatures of all signers', async () => {
    const world = await signedWorld();
    await Promise.all([sign(world), sign(world, {}, await world.stranger())]);
    const sigs = (await attached(world)).filter(({ form }) => form === 'sig');
    expect(new Set(sigs.map(({ manifest }) => manifest)).size).toBe(1);
    expect(told(sigs)).toEqual([OURS[1], `sig verified stranger@example.com ${REFERENCE}`]);
  });

  it('signs the children of an index first, at any depth, each once', async () => {
    const inner = buildMultiPlatform({ seed: 10 }, ['linux/amd64', 'unknown/unknown']);
    const image = buildIndex([...inner.children, inner]);
    const world = await signedWorld({ image });
    expect(await sign(world)).toBe('written');
    const digests = [...inner.children, inner, image].map(({ manifest }) => manifest.descriptor.digest);
    for (const digest of digests) expect(told(await attached(world, digest))).toEqual(OURS);
    expect(world.sigstore.logged.rekor).toHaveLength(2 * digests.length);
    const puts = world.asked().filter((request) => request.startsWith('PUT /v2/app/manifests/sha256-'));
    expect(puts.at(-1)).toContain(cosignTag(world.subject.digest, 'sig'));
  });

  it("does not sign BuildKit's attestations in an index", async () => {
    const platform = buildImage({ seed: 10 });
    const attestation = buildAttestation(platform);
    const image = buildIndex([platform, attestation]);
    const world = await signedWorld({ image });
    expect(await sign(world)).toBe('written');
    expect(told(await attached(world, platform.manifest.descriptor.digest))).toEqual(OURS);
    expect(told(await attached(world, attestation.manifest.descriptor.digest))).toEqual([]);
  });

  it('does not sign an index if signing a child failed', async () => {
    const image = buildMultiPlatform({ seed: 10 }, ['linux/amd64', 'linux/arm64']);
    const [, bad] = image.children.map(({ manifest }) => manifest.descriptor.digest);
    const fault = ({ path }: { readonly path: string }): { readonly status: number } | undefined =>
      path.includes(`/referrers/${bad}`) ? { status: 403 } : undefined;
    const world = await signedWorld({ image, registry: { fault } });
    await expect(sign(world)).rejects.toMatchObject({ code: 'DENIED' });
    expect(await attached(world)).toEqual([]);
  });

  it('does not sign again if an unreadable signature may exist', async () => {
    let broken = false;
    const fault = ({
      method,
      path,
    }: {
      readonly method: string;
      readonly path: string;
    }): { readonly status: number } | undefined =>
      broken && method === 'GET' && path.includes('/blobs/') ? { status: 403 } : undefined;
    const world = await signedWorld({ registry: { fault } });
    await sign(world);
    broken = true;
    await expect(sign(world)).rejects.toMatchObject({ code: 'DENIED' });
    broken = false;
    expect(told(await attached(world))).toEqual(OURS);
  });

  it('throws NOT_FOUND for a missing digest', async () => {
    const { signing } = await openedSigning();
    const services = await digestSigning(memoryRegistry(), signing);
    const digest: Digest = `sha256:${'1'.repeat(64)}`;
    await expect(
      signDigest(
        services,
        { repository: 'a.test/app', digest, reference: REFERENCE },
        { signal: new AbortController().signal },
      ),
    ).rejects.toMatchObject({ code: 'NOT_FOUND', message: `a.test/app@${digest} does not exist and cannot be signed` });
  });
});

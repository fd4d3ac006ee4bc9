import { describe, expect, it } from 'vitest';
import { attLayer } from '../../../test/support/att-layer.ts';
import {
  digestNumber,
  openedSigning,
  payloadNumber,
  signedNumber,
  signingIn,
  signingWorld,
  type SigningWorld,
} from '../../../test/support/signing.ts';
import { SIGNER } from '../../../test/support/sigstore/oidc.ts';
import { LEGACY } from '../formats/cosign-layer.ts';
import { pemOf } from '../formats/pem.ts';
import type { LegacySignature, Verifier } from '../roles.ts';
import { openVerifier } from './verify.ts';

const forever = new AbortController().signal;
const [digest, other] = [digestNumber(1), digestNumber(2)];
const signer = { kind: 'keyless', ...SIGNER };

type World = SigningWorld & { readonly verifier: Verifier; sign(number?: number): Promise<LegacySignature> };

async function opened(): Promise<World> {
  const { signing, ...world } = await openedSigning();
  const own = await signing.signer(forever);
  return {
    ...world,
    verifier: await signing.verifier(forever),
    sign: (number = 1) => own.signPayload(payloadNumber(number), forever),
  };
}

const changed = (signature: LegacySignature, annotations: Readonly<Record<string, string>>): LegacySignature => ({
  ...signature,
  annotations: { ...signature.annotations, ...annotations },
});

/** The log's promise with something else in it. */
function promise({ annotations }: LegacySignature, change: Readonly<Record<string, unknown>>): string {
  const log = JSON.parse(annotations[LEGACY.log] ?? '') as { readonly Payload: object };
  return JSON.stringify({ ...log, Payload: { ...log.Payload, ...change } });
}

function flipped(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 1;
  return bytes.toString('base64');
}

describe('src/attest/verifying/verify.ts on the local Sigstore', () => {
  it.each<[string, (own: LegacySignature, foreign: LegacySignature) => LegacySignature]>([
    [
      'another signature',
      (own) => changed(own, { [LEGACY.signature]: flipped(own.annotations[LEGACY.signature] ?? '') }),
    ],
    [
      'the signature of another',
      (own, foreign) => changed(own, { [LEGACY.signature]: foreign.annotations[LEGACY.signature] ?? '' }),
    ],
    [
      'the certificate of another',
      (own, foreign) => changed(own, { [LEGACY.certificate]: foreign.annotations[LEGACY.certificate] ?? '' }),
    ],
    [
      'the log entry of another',
      (own, foreign) => changed(own, { [LEGACY.log]: foreign.annotations[LEGACY.log] ?? '' }),
    ],
    ['another time', (own) => changed(own, { [LEGACY.log]: promise(own, { integratedTime: 1_700_000_000 }) })],
    ['another index', (own) => changed(own, { [LEGACY.log]: promise(own, { logIndex: 77 }) })],
    [
      'another name in its payload',
      (own) => ({
        ...own,
        payload: Buffer.from(Buffer.from(own.payload).toString().replace('registry.example', 'registry.evil')),
      }),
    ],
    ['a certificate that is none', (own) => changed(own, { [LEGACY.certificate]: pemOf(Buffer.from('garbage')) })],
  ])('fails a .sig layer with %s', async (_what, change) => {
    const { sigstore, clock, verifier, sign } = await opened();
    const own = await sign();
    expect(verifier.legacy(own, digest)).toMatchObject({ status: 'verified', identity: signer });
    const env = { SIGSTORE_ID_TOKEN: sigstore.token({ email: 'mallory@example.com' }) };
    const mallory = await signingIn({ sigstore, clock }, { env });
    const foreign = await (await mallory.signer(forever)).signPayload(payloadNumber(1), forever);
    expect(verifier.legacy(change(own, foreign), digest)).toMatchObject({ status: 'failed' });
  });

  it('fails the signature of one digest for another, in both forms', async () => {
    const { signing } = await openedSigning();
    const verifier = await signing.verifier(forever);
    const legacy = await (await signing.signer(forever)).signPayload(payloadNumber(1), forever);
    expect(verifier.legacy(legacy, other)).toMatchObject({ status: 'failed', reference: 'registry.example/app' });
    expect(verifier.bundle(await signedNumber(signing), other)).toMatchObject({ status: 'failed' });
  });

  it('fails a signature that was logged after its certificate had expired', async () => {
    const { verifier, ...world } = await opened();
    const judged = ({ payload, annotations }: LegacySignature): unknown =>
      verifier.legacyAttestation(payload, annotations, digest);
    expect(judged(await attLayer(world, { later: 9 * 60_000 }))).toMatchObject({ status: 'verified' });
    expect(judged(await attLayer(world, { later: 11 * 60_000 }))).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('CERTIFICATE_ERROR'),
    });
  });

  it.each(['dsse', 'intoto'] as const)('verifies an .att layer that is logged as %s', async (kind) => {
    const { verifier, ...world } = await opened();
    const { payload, annotations } = await attLayer(world, { kind });
    expect(verifier.legacyAttestation(payload, annotations, digest)).toMatchObject({
      status: 'verified',
      identity: signer,
      statement: { subject: [{ name: 'registry.example/app' }] },
    });
    const failed = { status: 'failed' };
    const spaced = Buffer.concat([payload, Buffer.from(' ')]);
    expect(verifier.legacyAttestation(spaced, annotations, digest)).toMatchObject(failed);
    expect(verifier.legacyAttestation(payload, annotations, other)).toMatchObject(failed);
    const moved = promise({ payload, annotations }, { integratedTime: 1_800_000_000 });
    expect(verifier.legacyAttestation(payload, { ...annotations, [LEGACY.log]: moved }, digest)).toMatchObject(failed);
  });

  it('cannot verify a signature of another Sigstore', async () => {
    const { signing } = await openedSigning();
    const { sigstore } = await signingWorld();
    const verifier = await openVerifier({ trustedRoot: sigstore.trustedRoot });
    expect(verifier.bundle(await signedNumber(signing), digest)).toMatchObject({ status: 'unverifiable' });
    const legacy = await (await signing.signer(forever)).signPayload(payloadNumber(1), forever);
    expect(verifier.legacy(legacy, digest)).toMatchObject({ status: 'unverifiable' });
  });

  it('ignores the timestamp of an unknown authority if the log provides the time', async () => {
    const { sigstore, signing } = await openedSigning();
    const verifier = await openVerifier({ trustedRoot: { ...sigstore.trustedRoot, timestampAuthorities: [] } });
    expect(verifier.bundle(await signedNumber(signing), digest)).toMatchObject({ status: 'verified' });
  });

  it('cannot verify an entry of Rekor v2 without the authority of its timestamp, nor without a timestamp', async () => {
    const world = await signingWorld({ rekorVersions: [2] });
    const bytes = await signedNumber(await signingIn(world));
    const { trustedRoot } = world.sigstore;
    const without = await openVerifier({ trustedRoot: { ...trustedRoot, timestampAuthorities: [] } });
    expect(without.bundle(bytes, digest)).toMatchObject({ status: 'unverifiable' });
    const bundle = JSON.parse(Buffer.from(bytes).toString()) as { verificationMaterial: Record<string, unknown> };
    delete bundle.verificationMaterial['timestampVerificationData'];
    const verifier = await openVerifier({ trustedRoot });
    expect(verifier.bundle(Buffer.from(JSON.stringify(bundle)), digest)).toMatchObject({
      status: 'unverifiable',
      reason: 'nothing proves when it was signed',
    });
  });
});

import { describe, expect, it } from 'vitest';
import { rejection } from '../../../test/support/http-request.ts';
import {
  digestNumber,
  payloadNumber,
  openedSigning,
  signedNumber,
  signingIn,
  signingWorld,
  statementNumber,
} from '../../../test/support/signing.ts';
import { SIGNER, WORKFLOW } from '../../../test/support/sigstore/oidc.ts';
import { realClock } from '../../clock.ts';
import type { Signing } from './open.ts';

const forever = new AbortController().signal;
const signer = { kind: 'keyless', ...SIGNER };

/** Both forms of one signature, judged. */
async function both(signing: Signing, number: number): Promise<readonly unknown[]> {
  const [own, judge] = [await signing.signer(forever), await signing.verifier(forever)];
  const [bundle, legacy] = await Promise.all([
    own.signStatement(statementNumber(number), forever),
    own.signPayload(payloadNumber(number), forever),
  ]);
  return [judge.bundle(bundle, digestNumber(number)), judge.legacy(legacy, digestNumber(number))];
}

const verified = [
  expect.objectContaining({ status: 'verified', identity: signer, predicateType: expect.stringMatching(/sign\/v1$/) }),
  { status: 'verified', identity: signer, reference: 'registry.example/app' },
];

describe('src/attest/signing/open.ts', () => {
  it('signs in both forms, with a timestamp and in Rekor v1', async () => {
    const { sigstore, signing } = await openedSigning();
    expect(await both(signing, 1)).toEqual(verified);
    expect(sigstore.counts()).toMatchObject({ fulcio: 1, rekor: 2, timestamp: 1, rekor2: 0, tuf: 0 });
    expect(sigstore.logged.rekor.map(({ kind }) => kind).toSorted()).toEqual(['dsse', 'hashedrekord']);
  });

  it('signs statements only in Rekor v2', async () => {
    const world = await signingWorld({ rekorVersions: [2] });
    const signing = await signingIn(world);
    const bundle = await signedNumber(signing);
    expect((await signing.verifier(forever)).bundle(bundle, digestNumber(1))).toMatchObject({ status: 'verified' });
    expect(world.sigstore.logged.rekor2.map(({ kind }) => kind)).toEqual(['hashedrekord']);
    const refused = (await signing.signer(forever)).signPayload(payloadNumber(1), forever);
    expect(await rejection(refused)).toMatchObject({ code: 'USAGE' });
  });

  it('requests one certificate from Fulcio for twenty images', async () => {
    const { sigstore, signing } = await openedSigning();
    await Promise.all(Array.from({ length: 20 }, (_, number) => signedNumber(signing, number)));
    expect(sigstore.counts()).toMatchObject({ fulcio: 1, rekor: 20, timestamp: 20 });
  });

  it('requests a new certificate when the old one has less than two minutes left', async () => {
    const { sigstore, signing, clock } = await openedSigning();
    await signedNumber(signing, 1);
    await clock.advance(7 * 60_000);
    await signedNumber(signing, 2);
    expect(sigstore.counts().fulcio).toBe(1);
    await clock.advance(61_000);
    expect(await both(signing, 3)).toEqual(verified);
    expect(sigstore.counts().fulcio).toBe(2);
  });

  it('returns the signing identity without a request to Fulcio', async () => {
    const { sigstore, signing } = await openedSigning();
    expect(await signing.identity(forever)).toEqual(signer);
    expect(Object.values(sigstore.counts())).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("does not request a certificate for each signature if Fulcio's clock is behind ours", async () => {
    const behind = 20 * 60_000;
    const world = await signingWorld({ now: () => realClock().now() - behind });
    const signing = await signingIn(world);
    await signedNumber(signing, 1);
    await signedNumber(signing, 2);
    expect(world.sigstore.counts().fulcio).toBe(1);
  });

  it('rejects an unusable token at the start', async () => {
    const world = await signingWorld();
    const signing = await signingIn(world, { env: { SIGSTORE_ID_TOKEN: world.sigstore.token({ exp: 1 }) } });
    expect(await rejection(signing.announcement())).toMatchObject({ code: 'IDENTITY' });
  });

  it('announces the identity without a request', async () => {
    const { sigstore, signing } = await openedSigning();
    expect(await signing.announcement()).toBe(`Signing identity for images will be ${SIGNER.subject}`);
    const account = await signingIn(
      { sigstore, clock: (await signingWorld()).clock },
      { env: {}, signerAccount: 'a@b.c' },
    );
    expect(await account.announcement()).toBe('Signing identity for images will be a@b.c');
    expect(Object.values(sigstore.counts())).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('signs as the workflow of GitHub Actions', async () => {
    const world = await signingWorld();
    const signing = await signingIn(world, { env: world.sigstore.oidc.env });
    expect((await signing.signer(forever)).identity).toEqual({ kind: 'keyless', ...WORKFLOW });
    await signedNumber(signing);
    expect(await signing.announcement()).toContain('of GitHub Actions');
  });

  it('uses the identity of a certificate if the token does not state it', async () => {
    const world = await signingWorld();
    const issuer = 'https://ci.example';
    const subject = 'https://ci.example/jobs/1';
    const token = world.sigstore.token({ iss: issuer, sub: subject, email: undefined, email_verified: undefined });
    const signing = await signingIn(world, { env: { SIGSTORE_ID_TOKEN: token } });
    expect((await signing.signer(forever)).identity).toEqual({ kind: 'keyless', issuer, subject });
    await signedNumber(signing);
    expect(world.sigstore.counts().fulcio).toBe(1);
  });

  it.each([
    ['expired', { exp: 1 }],
    ['for others', { aud: 'https://other' }],
  ])('sends no token that is %s', async (_what, claims) => {
    const world = await signingWorld();
    const signing = await signingIn(world, { env: { SIGSTORE_ID_TOKEN: world.sigstore.token(claims) } });
    expect(await rejection(signing.signer(forever))).toMatchObject({ code: 'IDENTITY' });
    expect(Object.values(world.sigstore.counts())).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('logs nothing with a certificate of another account', async () => {
    const { sigstore, signing } = await openedSigning();
    sigstore.certificates.account = { subject: 'other@example.com' };
    expect(await rejection(signedNumber(signing))).toMatchObject({
      code: 'SIGNATURE_MISMATCH',
      message: expect.stringContaining('other@example.com'),
    });
    expect(sigstore.counts()).toMatchObject({ fulcio: 1, rekor: 0, timestamp: 0 });
  });

  it('returns nothing that the trusted root does not verify', async () => {
    const { sigstore: other } = await signingWorld();
    const { signing } = await openedSigning({ trustedRoots: [other.trustedRootFile] });
    expect(await rejection(signedNumber(signing))).toMatchObject({ code: 'SIGNATURE_MISMATCH' });
  });

  it('uses the configured services, and no public one in addition', async () => {
    const world = await signingWorld();
    const { fulcioUrl, rekorUrl, trustedRootFile } = world.sigstore;
    const signing = await signingIn(world, {
      trustedRoots: [trustedRootFile],
      signingConfig: undefined as never,
      fulcioUrl: new URL(fulcioUrl),
      rekorUrl: new URL(rekorUrl),
    });
    await signedNumber(signing);
    expect(world.sigstore.counts()).toMatchObject({ fulcio: 1, rekor: 1, timestamp: 0, tuf: 0 });
  });
});

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { homeWith } from '../../../test/support/home.ts';
import {
  digestNumber,
  openedSigning,
  payloadNumber,
  signedNumber,
  signingIn,
  signingWorld,
} from '../../../test/support/signing.ts';
import { anyRoot } from './any-root.ts';
import type { Verdict, Verifier } from '../roles.ts';
import { openVerifier } from './verify.ts';

const forever = new AbortController().signal;
const digest = digestNumber(1);

/** A verifier that says the same of everything. */
const saying = (verdict: Verdict): Verifier => ({
  bundle: () => verdict,
  legacy: () => verdict,
  legacyAttestation: () => verdict,
});
const together = (...verdicts: readonly Verdict[]): Verdict =>
  anyRoot(verdicts.map((verdict, index) => ({ name: 'abc'.charAt(index), verifier: saying(verdict) }))).legacy(
    { payload: Buffer.from(''), annotations: {} },
    digest,
  );

const GOOD: Verdict = { status: 'verified', identity: { kind: 'key', hint: 'h' } };
const UNKNOWN: Verdict = { status: 'unverifiable', reason: 'its certificate is from another authority' };
const BAD: Verdict = { status: 'failed', reason: 'it is about another digest' };

describe('src/attest/verifying/any-root.ts', () => {
  it.each<[string, readonly Verdict[], Verdict]>([
    ['what one of them verifies', [UNKNOWN, GOOD], GOOD],
    ['what one verifies and another contradicts', [BAD, GOOD, UNKNOWN], GOOD],
    [
      'what one contradicts and the others do not know',
      [UNKNOWN, BAD],
      { status: 'failed', reason: 'a: its certificate is from another authority; b: it is about another digest' },
    ],
    ['what nobody knows, for the same reason', [UNKNOWN, UNKNOWN], UNKNOWN],
    [
      'what nobody knows, for different reasons',
      [UNKNOWN, { status: 'unverifiable', reason: 'its log entry is of another log' }],
      {
        status: 'unverifiable',
        reason: 'a: its certificate is from another authority; b: its log entry is of another log',
      },
    ],
    ['what the only one says', [BAD], BAD],
  ])('returns %s', (_, verdicts, expected) => {
    expect(together(...verdicts)).toEqual(expected);
  });

  it('verifies with either of two Sigstores, the whole signature with one', async () => {
    const [one, two] = [await openedSigning(), await openedSigning()];
    const roots = [one, two].map(({ sigstore }) => sigstore.trustedRootFile);
    const signing = await signingIn(one, { trustedRoots: roots });
    const verifier = await signing.verifier(forever);
    for (const world of [one, two]) {
      const own = await world.signing.signer(forever);
      expect(verifier.bundle(await signedNumber(world.signing), digest)).toMatchObject({ status: 'verified' });
      const signature = await own.signPayload(payloadNumber(1), forever);
      expect(verifier.legacy(signature, digest)).toMatchObject({ status: 'verified' });
      expect(verifier.legacy(signature, digestNumber(2))).toMatchObject({ status: 'failed' });
    }
  });

  it('never combines the certificate of one root with the log of another', async () => {
    const [{ sigstore, signing }, other] = [await openedSigning(), await signingWorld()];
    const [mine, theirs] = [sigstore.trustedRoot, other.sigstore.trustedRoot];
    const halves = [
      { ...theirs, certificateAuthorities: mine['certificateAuthorities'], ctlogs: mine['ctlogs'] },
      { ...mine, certificateAuthorities: theirs['certificateAuthorities'], ctlogs: theirs['ctlogs'] },
    ];
    const roots = await Promise.all(
      halves.map(async (trustedRoot, index) => ({
        name: `half ${index}`,
        verifier: await openVerifier({ trustedRoot }),
      })),
    );
    const { status, reason } = anyRoot(roots).bundle(await signedNumber(signing), digest);
    expect(status).not.toBe('verified');
    expect(reason).toMatch(/^half 0: .*; half 1: its certificate is from another authority$/);
  });

  it('signs only what the first root verifies, and recognizes its own by that root', async () => {
    const [world, other] = [await signingWorld(), await openedSigning()];
    const [mine, theirs] = [world.sigstore.trustedRootFile, other.sigstore.trustedRootFile];
    const signing = await signingIn(world, { trustedRoots: [mine, theirs] });
    const [own, foreign] = [await signedNumber(signing), await signedNumber(other.signing)];
    const ownVerifier = await signing.ownVerifier(forever);
    expect(ownVerifier.bundle(own, digest)).toMatchObject({ status: 'verified' });
    expect(ownVerifier.bundle(foreign, digest)).toMatchObject({ status: 'unverifiable' });
    const reversed = await signingIn(world, { trustedRoots: [theirs, mine] });
    await expect(signedNumber(reversed)).rejects.toMatchObject({ code: 'SIGNATURE_MISMATCH' });
  });
});

type BundleJson = { verificationMaterial: Record<string, unknown>; dsseEnvelope: { payload: string } };

/** A bundle of a Sigstore without any log, with a time stamp; and its trusted root. */
async function unlogged(change: (bundle: BundleJson) => void = () => undefined): Promise<{
  readonly bytes: Uint8Array;
  readonly root: object;
}> {
  const world = await signingWorld();
  world.sigstore.certificates.isUnlogged = true;
  const root = { ...world.sigstore.trustedRoot, tlogs: [], ctlogs: [] };
  const file = join(await homeWith({ 'root.json': JSON.stringify(root) }), 'root.json');
  const signing = await signingIn(world, { trustedRoots: [file] });
  const bundle = JSON.parse(Buffer.from(await signedNumber(signing)).toString()) as BundleJson;
  bundle.verificationMaterial['tlogEntries'] = [];
  change(bundle);
  return { bytes: Buffer.from(JSON.stringify(bundle)), root };
}

describe("src/attest/verifying/verify-bundle.ts: a Sigstore without logs, as GitHub's own", () => {
  it('accepts its timestamps as proof of the signing time', async () => {
    const { bytes, root } = await unlogged();
    const verifier = await openVerifier({ trustedRoot: root });
    expect(verifier.bundle(bytes, digest)).toMatchObject({ status: 'verified' });
  });

  it.each<[string, (bundle: BundleJson) => void]>([
    ['without a time stamp', ({ verificationMaterial }) => delete verificationMaterial['timestampVerificationData']],
    [
      'that was changed',
      ({ dsseEnvelope }) => {
        const statement = Buffer.from(dsseEnvelope.payload, 'base64').toString();
        dsseEnvelope.payload = Buffer.from(statement.replace('registry.example', 'registry.evil')).toString('base64');
      },
    ],
  ])('does not verify a signature %s', async (_, change) => {
    const { bytes, root } = await unlogged(change);
    const verifier = await openVerifier({ trustedRoot: root });
    expect(verifier.bundle(bytes, digest).status).not.toBe('verified');
  });

  it('requires a log entry if the root has a log', async () => {
    const { bytes, root } = await unlogged();
    const { sigstore } = await signingWorld();
    const { tlogs, ctlogs } = sigstore.trustedRoot;
    for (const more of [{ tlogs }, { ctlogs }]) {
      const verifier = await openVerifier({ trustedRoot: { ...root, ...more } });
      expect(verifier.bundle(bytes, digest).status).not.toBe('verified');
    }
  });
});

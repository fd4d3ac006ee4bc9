import { describe, expect, it } from 'vitest';
import { attLayer } from '../../../test/support/att-layer.ts';
import {
  digestNumber,
  openedSigning,
  payloadNumber,
  signedNumber,
  signingIn,
  signingWorld,
} from '../../../test/support/signing.ts';
import { SIGNER } from '../../../test/support/sigstore/oidc.ts';
import { LEGACY, signaturePayload } from '../formats/cosign-layer.ts';
import type { LegacySignature, Verdict, Verifier } from '../roles.ts';
import { openVerifier } from './verify.ts';

const forever = new AbortController().signal;
const digest = digestNumber(1);

/** What a bundle says, for tests to change. */
type BundleJson = {
  mediaType: string;
  dsseEnvelope: { payload: string; payloadType: string; signatures: unknown[] };
  verificationMaterial: {
    tlogEntries: { integratedTime: string; inclusionPromise?: unknown }[];
    timestampVerificationData?: unknown;
  };
};
type Change = (bundle: BundleJson) => void;

/** A bundle and a `.sig` layer that verify, and who verifies them. */
async function signed(): Promise<{
  readonly verifier: Verifier;
  readonly bundle: (change?: Change) => Uint8Array;
  readonly legacy: LegacySignature;
  readonly trustedRoot: Readonly<Record<string, unknown>>;
}> {
  const { signing, sigstore } = await openedSigning();
  const text = Buffer.from(await signedNumber(signing)).toString();
  return {
    verifier: await signing.verifier(forever),
    bundle: (change = () => undefined) => {
      const json = JSON.parse(text) as BundleJson;
      change(json);
      return Buffer.from(JSON.stringify(json));
    },
    legacy: await (await signing.signer(forever)).signPayload(payloadNumber(1), forever),
    trustedRoot: sigstore.trustedRoot,
  };
}

const withoutLog: Change = ({ verificationMaterial }) => void (verificationMaterial.tlogEntries = []);
const withoutStamp: Change = ({ verificationMaterial }) => delete verificationMaterial.timestampVerificationData;
const withOtherPayload: Change = ({ dsseEnvelope }) => {
  const payload = Buffer.from(dsseEnvelope.payload, 'base64').toString();
  dsseEnvelope.payload = Buffer.from(payload.replace('registry.example', 'registry.evil')).toString('base64');
};
const all =
  (...changes: readonly Change[]): Change =>
  (bundle) =>
    changes.forEach((change) => change(bundle));

const cannot = (reason: string): Verdict => ({ status: 'unverifiable', reason });
const NO_LOG = 'it has no entry of a transparency log';

/** The trusted root with one kind of its services changed. */
function rootWith(
  root: Readonly<Record<string, unknown>>,
  kind: string,
  change: (service: Record<string, unknown>) => object,
): object {
  return { ...root, [kind]: (root[kind] as Record<string, unknown>[]).map(change) };
}

const PAST = { start: '2020-01-01T00:00:00Z', end: '2021-01-01T00:00:00Z' };
const retired = (service: Record<string, unknown>): object => ({ ...service, validFor: PAST });
const retiredLog = ({ publicKey, ...service }: Record<string, unknown>): object => ({
  ...service,
  publicKey: { ...(publicKey as object), validFor: PAST },
});

describe('src/attest/verifying/verify.ts on what cannot be verified', () => {
  it.each<[string, Change, string]>([
    ['with a time stamp and no log entry', withoutLog, NO_LOG],
    ['with neither', all(withoutLog, withoutStamp), NO_LOG],
    [
      'whose envelope has no signature',
      (one) => void (one.dsseEnvelope.signatures = []),
      'its envelope has no signature',
    ],
    [
      'whose envelope has two signatures',
      ({ dsseEnvelope }) => void dsseEnvelope.signatures.push(dsseEnvelope.signatures[0]),
      'its envelope has 2 signatures',
    ],
    [
      'of a version that is not known',
      (one) => void (one.mediaType = 'application/vnd.dev.sigstore.bundle.v0.4+json'),
      'its media type is not that of a known Sigstore bundle',
    ],
    [
      'of another media type',
      (one) => void (one.mediaType = 'text/html'),
      'its media type is not that of a known Sigstore bundle',
    ],
    [
      'without what a bundle must have',
      (one) => Reflect.deleteProperty(one, 'verificationMaterial'),
      'it is not a valid Sigstore bundle',
    ],
  ])('cannot verify a bundle %s', async (_, change, reason) => {
    const { verifier, bundle } = await signed();
    expect(verifier.bundle(bundle(), digest)).toMatchObject({ status: 'verified', identity: SIGNER });
    expect(verifier.bundle(bundle(change), digest)).toMatchObject(cannot(reason));
  });

  it.each([
    ['{"some":["other","JSON"]}', 'it is not a Sigstore bundle'],
    ['[]', 'it is not a Sigstore bundle'],
    ['null', 'it is not a Sigstore bundle'],
    ['', 'it is not JSON'],
    ['{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"', 'it is not JSON'],
    ['{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}', 'it is not a valid Sigstore bundle'],
    ['{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","dsseEnvelope":[7]}', 'it is not a Sigstore bundle'],
  ])('cannot verify %s, with a reason', async (text, reason) => {
    const verifier = await openVerifier({ trustedRoot: {} });
    const verdict = verifier.bundle(Buffer.from(text), digest);
    expect(verdict).toEqual({ ...cannot(reason), isFormless: true });
    expect(verifier.legacyAttestation(Buffer.from(text), {}, digest).status).toBe('unverifiable');
  });

  it('cannot verify a .sig layer without a log entry', async () => {
    const { verifier, legacy } = await signed();
    const { [LEGACY.log]: _gone, ...annotations } = legacy.annotations;
    expect(verifier.legacy({ ...legacy, annotations }, digest)).toMatchObject(cannot(NO_LOG));
  });

  it.each([
    [LEGACY.log, 'not JSON', 'it is not JSON'],
    [LEGACY.log, '{"Payload":7}', 'its log entry cannot be read'],
    [LEGACY.timestamp, '{"other":7}', 'its timestamp cannot be read'],
  ])('cannot verify a .sig layer whose %s is %s', async (name, text, reason) => {
    const { verifier, legacy } = await signed();
    const annotations = { ...legacy.annotations, [name]: text };
    expect(verifier.legacy({ ...legacy, annotations }, digest)).toMatchObject(cannot(reason));
  });

  it.each([0, 2])(
    'cannot verify an .att layer whose envelope has %d signatures, nor one without a log entry',
    async (n) => {
      const { signing, ...world } = await openedSigning();
      const verifier = await signing.verifier(forever);
      const { payload, annotations } = await attLayer(world);
      const envelope = JSON.parse(Buffer.from(payload).toString()) as { signatures: unknown[] };
      const signatures = Array.from({ length: n }, () => envelope.signatures[0]);
      const other = Buffer.from(JSON.stringify({ ...envelope, signatures }));
      const reason = `its envelope has ${n === 0 ? 'no signature' : '2 signatures'}`;
      expect(verifier.legacyAttestation(other, annotations, digest)).toMatchObject(cannot(reason));
      const { [LEGACY.log]: _gone, ...unlogged } = annotations;
      expect(verifier.legacyAttestation(payload, unlogged, digest)).toMatchObject(cannot(NO_LOG));
    },
  );

  it('cannot verify a payload that is not a statement, or has no comparable digest', async () => {
    const { signing, ...world } = await openedSigning();
    const verifier = await signing.verifier(forever);
    const judged = async (text: string): Promise<unknown> => {
      const { payload, annotations } = await attLayer(world, { payload: Buffer.from(text) });
      return verifier.legacyAttestation(payload, annotations, digest);
    };
    expect(await judged('hello')).toMatchObject(cannot('its payload is not an in-toto statement'));
    const subject = [{ name: 'app', digest: { sha512: 'a'.repeat(128) } }];
    const statement = { _type: 'https://in-toto.io/Statement/v1', subject, predicateType: 'x', predicate: {} };
    expect(await judged(JSON.stringify(statement))).toMatchObject(cannot('it names no sha256 digest'));
  });

  it('cannot verify a .sig payload that is not an image signature', async () => {
    const { verifier, legacy } = await signed();
    const payload = Buffer.from('{}');
    const { [LEGACY.certificate]: _gone, ...annotations } = legacy.annotations;
    expect(verifier.legacy({ payload, annotations }, digest)).toMatchObject(
      cannot('its payload is not an image signature'),
    );
  });

  it('verifies by the log entry despite a timestamp of a retired authority', async () => {
    const { bundle, trustedRoot } = await signed();
    const verifier = await openVerifier({ trustedRoot: rootWith(trustedRoot, 'timestampAuthorities', retired) });
    expect(verifier.bundle(bundle(), digest)).toMatchObject({ status: 'verified', identity: SIGNER });
  });

  it.each([
    ['tlogs', retiredLog, 'its log entry is from an unknown or already retired log'],
    ['certificateAuthorities', retired, 'the authority of its certificate had already been retired'],
    ['ctlogs', retiredLog, 'its certificate is in an unknown certificate transparency log'],
  ])('cannot verify a signature of retired %s', async (kind, change, reason) => {
    const { bundle, legacy, trustedRoot } = await signed();
    const verifier = await openVerifier({ trustedRoot: rootWith(trustedRoot, kind, change) });
    expect(verifier.bundle(bundle(), digest)).toMatchObject(cannot(reason));
    expect(verifier.legacy(legacy, digest)).toMatchObject(cannot(reason));
  });

  it('cannot verify an entry of Rekor v2 whose time comes only from a retired authority', async () => {
    const world = await signingWorld({ rekorVersions: [2] });
    const bytes = await signedNumber(await signingIn(world));
    const trustedRoot = rootWith(world.sigstore.trustedRoot, 'timestampAuthorities', retired);
    const verifier = await openVerifier({ trustedRoot });
    expect(verifier.bundle(bytes, digest)).toMatchObject(
      cannot('its timestamp is from an unknown or already retired authority'),
    );
  });
});

describe('src/attest/verifying/verify.ts on what contradicts a signature, whatever else is missing', () => {
  it.each<[string, Change]>([
    ['a log entry', withoutLog],
    ['a time stamp', withoutStamp],
    ['both', all(withoutLog, withoutStamp)],
  ])('fails other bytes without %s', async (_, without) => {
    const { verifier, bundle } = await signed();
    const verdict = verifier.bundle(bundle(all(without, withOtherPayload)), digest);
    expect(verdict).toMatchObject({ status: 'failed' });
  });

  it('fails other bytes that are no longer a statement', async () => {
    const { verifier, bundle } = await signed();
    const other = bundle(({ dsseEnvelope }) => void (dsseEnvelope.payload = Buffer.from('hello').toString('base64')));
    expect(verifier.bundle(other, digest)).toMatchObject({ status: 'failed' });
    const otherType = bundle(({ dsseEnvelope }) => void (dsseEnvelope.payloadType = 'text/plain'));
    expect(verifier.bundle(otherType, digest)).toMatchObject({ status: 'failed' });
  });

  it('fails a .sig layer for another name without a log entry', async () => {
    const { verifier, legacy } = await signed();
    const { [LEGACY.log]: _gone, ...annotations } = legacy.annotations;
    const payload = signaturePayload('registry.evil/app', digest);
    expect(verifier.legacy({ payload, annotations }, digest)).toMatchObject({ status: 'failed' });
  });

  it.each([
    ['tlogs', retiredLog],
    ['timestampAuthorities', retired],
    ['certificateAuthorities', retired],
    ['ctlogs', retiredLog],
  ])('fails other bytes if the %s are retired', async (kind, change) => {
    const { bundle, trustedRoot } = await signed();
    const verifier = await openVerifier({ trustedRoot: rootWith(trustedRoot, kind, change) });
    expect(verifier.bundle(bundle(withOtherPayload), digest)).toMatchObject({ status: 'failed' });
  });

  it('fails a log entry whose time was moved outside the validity of the log', async () => {
    const { verifier, bundle } = await signed();
    const moved = bundle(({ verificationMaterial: { tlogEntries } }) => {
      for (const entry of tlogEntries) entry.integratedTime = '1500000000';
    });
    expect(verifier.bundle(moved, digest)).toMatchObject({ status: 'failed' });
  });
});

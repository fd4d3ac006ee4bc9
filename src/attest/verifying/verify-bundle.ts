import type { KeyObject } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import type * as core from '@sigstore/core';
import type * as verify from '@sigstore/verify';
import { ReasonError } from '../../errors.ts';
import { certifiedIn } from '../formats/certified.ts';
import { ed25519Content } from './ed25519.ts';
import { encodedWhenAsked } from './known-der.ts';
import { intotoAnchored } from './intoto-001.ts';
import { certificateLack, inForce, mayHaveIssued, serviceLack, whenever, type Thresholds } from './in-force.ts';
import { leafOf } from '../formats/leaf.ts';
import { hintOf, isLoggedUnder, spkiOf } from './log-entry.ts';
import type { Identity, Verdict } from '../roles.ts';
import { TamperedError } from './tampered.ts';
import type { VerifyLibraries } from './libraries.ts';

export type JudgeOptions = {
  readonly libraries: VerifyLibraries;
  readonly material: verify.TrustMaterial;
  /** Trusted public keys. */
  readonly keys: readonly KeyObject[];
  /** Whether a signature of a key must be in a log. */
  readonly requireLog: boolean;
};

/** A signature to verify; `artifact` is the content of a message signature, `envelope` the bytes of an `.att` layer. */
export type Signed = { readonly bundle: Bundle; readonly artifact?: Uint8Array; readonly envelope?: Uint8Array };

/**
 * Verifies the cryptography of one signature: chain, SCT, log, times, and that all belong to one signer. Throws a
 * TamperedError or the library's errors. A signature that is sufficient without unknown or retired services is verified
 * without them.
 */
export function judge(options: JudgeOptions, signed: Signed): Verdict {
  const leaf = leafOf(signed.bundle);
  return leaf === undefined ? judgeByKeys(options, signed) : judgeByCertificate(options, signed, leaf);
}

const unverifiable = (reason: string): Verdict => ({ status: 'unverifiable', reason });

function judgeByCertificate(options: JudgeOptions, signed: Signed, leaf: Buffer): Verdict {
  const { material, libraries } = options;
  const certificate = certificateIn(options, signed, leaf);
  if (!isOfKnownAuthority(material, certificate)) return unverifiable('its certificate is from another authority');
  const thresholds = { ...thresholdsOf(material), timestampThreshold: 1 };
  const trust: Trust = {
    material,
    thresholds,
    der: leaf,
    publicKey: libraries.core.crypto.createPublicKey(certificate.publicKey),
    certificate,
  };
  const verdict = judged(options, signed, trust, ({ identity }) => {
    const [subject, issuer] = [identity?.subjectAlternativeName, identity?.extensions?.issuer];
    return subject && issuer ? { kind: 'keyless', issuer, subject } : undefined;
  });
  const certified = verdict.status === 'verified' ? certifiedIn(certificate) : undefined;
  return certified === undefined ? verdict : { ...verdict, certified };
}

/** A Sigstore without a log, such as GitHub's own, proves the time of a signature by timestamps alone. */
function thresholdsOf({ tlogs, ctlogs }: verify.TrustMaterial): { tlogThreshold: number; ctlogThreshold: number } {
  const least = tlogs.length === 0 && ctlogs.length === 0 ? 0 : 1;
  return { tlogThreshold: least, ctlogThreshold: least };
}

function certificateIn({ libraries, material }: JudgeOptions, { bundle }: Signed, leaf: Buffer): core.X509Certificate {
  try {
    return libraries.core.X509Certificate.parse(Buffer.from(leaf));
  } catch {
    const entries: verify.SignedEntity['tlogEntries'] = bundle.verificationMaterial.tlogEntries;
    const isKnown = (id: Buffer): boolean => material.tlogs.some(({ logID }) => logID.equals(id));
    checkLogged(
      entries.filter(({ logId }) => isKnown(logId.keyId)),
      leaf,
    );
    throw new ReasonError('its certificate cannot be read');
  }
}

function judgeByKeys(options: JudgeOptions, signed: Signed): Verdict {
  const { content } = signed.bundle.verificationMaterial;
  const hint = content.$case === 'publicKey' ? content.publicKey.hint : '';
  const named = options.keys.filter((key) => hintOf(key) === hint);
  // Hints are free text: another program may describe our key in its own way.
  for (const publicKey of named.length > 0 ? named : options.keys) {
    const verdict = judgedByKey(options, signed, publicKey, named.length > 0);
    if (verdict !== undefined) return verdict;
  }
  return unverifiable(
    options.keys.length === 0 ? 'it was signed with an unknown key' : 'it was signed with none of the known keys',
  );
}

/** Returns undefined if the key did not make the signature and nothing claims that it did. */
function judgedByKey(
  options: JudgeOptions,
  signed: Signed,
  publicKey: KeyObject,
  isNamed: boolean,
): Verdict | undefined {
  const material = { ...options.material, publicKey: () => ({ publicKey, validFor: () => true }) };
  // A key has no validity period.
  const thresholds = { tlogThreshold: options.requireLog ? 1 : 0, ctlogThreshold: 0, timestampThreshold: 0 };
  try {
    const trust = { material, thresholds, der: spkiOf(publicKey), publicKey };
    return judged(options, signed, trust, () => ({ kind: 'key', hint: hintOf(publicKey) }));
  } catch (error) {
    if (isNamed) throw error;
    return undefined;
  }
}

type Trust = {
  readonly material: verify.TrustMaterial;
  readonly thresholds: Thresholds;
  /** The certificate or key that the log entry must contain. */
  readonly der: Buffer;
  readonly publicKey: KeyObject;
  readonly certificate?: core.X509Certificate;
};

type Who = (signer: verify.Signer) => Identity | undefined;

function judged({ libraries }: JudgeOptions, signed: Signed, trust: Trust, who: Who): Verdict {
  const given = entityOf(libraries, signed, trust);
  const { entity, unknown } = inForce(given, trust.material);
  const lack =
    serviceLack(entity, unknown, trust.thresholds) ??
    (trust.certificate && certificateLack(trust.certificate, entity, trust.material, trust.thresholds));
  if (lack !== undefined) {
    checkBytes(libraries, given, signed, trust);
    return unverifiable(lack);
  }
  const anchored = intotoAnchored(libraries, entity, trust.material, signed.envelope);
  const thresholds = anchored === undefined ? trust.thresholds : { ...trust.thresholds, tlogThreshold: 0 };
  const identity = who(new libraries.verify.Verifier(trust.material, thresholds).verify(anchored ?? entity));
  checkLogged(entity.tlogEntries, trust.der);
  return identity === undefined ? unverifiable('its certificate names no identity') : { status: 'verified', identity };
}

/**
 * Throws if the signature of these bytes does not verify with this certificate or key, or if a log entry or timestamp
 * contradicts it, at any time. Does not judge the identity.
 */
function checkBytes(
  libraries: VerifyLibraries,
  given: verify.SignedEntity,
  { envelope }: Signed,
  { material, der, publicKey }: Trust,
): void {
  const always = { ...whenever(material), publicKey: () => ({ publicKey, validFor: () => true }) };
  const { entity } = inForce(given, always);
  const anchored = intotoAnchored(libraries, entity, always, envelope);
  const none = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 };
  const key = { $case: 'public-key', hint: '' } as const;
  new libraries.verify.Verifier(always, none).verify({ ...(anchored ?? entity), key });
  checkLogged(entity.tlogEntries, der);
}

function checkLogged(entries: verify.SignedEntity['tlogEntries'], der: Buffer): void {
  if (!entries.every((entry) => isLoggedUnder(entry, der)))
    throw new TamperedError('the log entry has another certificate or key');
}

function entityOf(
  { verify: library }: VerifyLibraries,
  { bundle, artifact }: Signed,
  { publicKey, certificate }: Trust,
): verify.SignedEntity {
  const given = artifact === undefined ? undefined : Buffer.from(artifact);
  const entity = library.toSignedEntity(bundle, given);
  if (entity.key.$case === 'certificate') encodedWhenAsked(entity.key.certificate);
  if (certificate !== undefined || publicKey.asymmetricKeyType !== 'ed25519' || given === undefined) return entity;
  return { ...entity, signature: ed25519Content(entity.signature, bundle, given) };
}

function isOfKnownAuthority({ certificateAuthorities }: verify.TrustMaterial, leaf: core.X509Certificate): boolean {
  return certificateAuthorities.some((authority) => mayHaveIssued(authority, leaf));
}

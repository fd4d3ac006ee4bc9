import type { KeyObject } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import type * as core from '@sigstore/core';
import type * as verify from '@sigstore/verify';
import { ReasonError } from '../errors.ts';
import { certifiedIn } from './certified.ts';
import { ed25519Content } from './ed25519.ts';
import { intotoAnchored } from './intoto-001.ts';
import { leafOf } from './leaf.ts';
import { hintOf, isLoggedUnder, spkiOf } from './log-entry.ts';
import type { Identity, Verdict } from './roles.ts';

/** The libraries that verify; loaded when something is verified. */
export type VerifyLibraries = { readonly verify: typeof verify; readonly core: typeof core };

export type JudgeOptions = {
  readonly libraries: VerifyLibraries;
  readonly material: verify.TrustMaterial;
  /** Public keys that are trusted as they are. */
  readonly keys: readonly KeyObject[];
  /** Whether what was signed with a key must be in a log. */
  readonly requireLog: boolean;
};

/** What is to be judged; `artifact` is what a message signature is over, `envelope` the bytes of a `.att` layer. */
export type Signed = { readonly bundle: Bundle; readonly artifact?: Uint8Array; readonly envelope?: Uint8Array };

/** Judges the cryptography of one signature: chain, SCT, log, times, and that all are of one signer. Throws what the libraries throw. */
export function judge(options: JudgeOptions, signed: Signed): Verdict {
  const leaf = leafOf(signed.bundle);
  return leaf === undefined ? judgeByKeys(options, signed) : judgeByCertificate(options, signed, leaf);
}

const unverifiable = (reason: string): Verdict => ({ status: 'unverifiable', reason });

function judgeByCertificate(options: JudgeOptions, signed: Signed, leaf: Buffer): Verdict {
  const certificate = options.libraries.core.X509Certificate.parse(Buffer.from(leaf));
  if (!isOfKnownAuthority(options.material, certificate))
    return unverifiable('its certificate is of another authority');
  const thresholds = { ...thresholdsOf(options.material), timestampThreshold: 1 };
  const trust = { material: options.material, thresholds, der: leaf };
  const verdict = judged(options, signed, trust, ({ identity }) => {
    const [subject, issuer] = [identity?.subjectAlternativeName, identity?.extensions?.issuer];
    return subject && issuer ? { kind: 'keyless', issuer, subject } : undefined;
  });
  const certified = verdict.status === 'verified' ? certifiedIn(certificate) : undefined;
  return certified === undefined ? verdict : { ...verdict, certified };
}

/** A Sigstore without any log, as GitHub's own is, proves by its time stamps alone when something was signed. */
function thresholdsOf({ tlogs, ctlogs }: verify.TrustMaterial): { tlogThreshold: number; ctlogThreshold: number } {
  const least = tlogs.length === 0 && ctlogs.length === 0 ? 0 : 1;
  return { tlogThreshold: least, ctlogThreshold: least };
}

function judgeByKeys(options: JudgeOptions, signed: Signed): Verdict {
  const { content } = signed.bundle.verificationMaterial;
  const hint = content.$case === 'publicKey' ? content.publicKey.hint : '';
  const named = options.keys.filter((key) => hintOf(key) === hint);
  let verdict = unverifiable('it was signed with a key that is not known here');
  // Hints are free text: other programs' may name our key in their own way.
  for (const publicKey of named.length > 0 ? named : options.keys) {
    verdict = judgedByKey(options, signed, publicKey, named.length > 0);
    if (verdict.status === 'verified') return verdict;
  }
  return verdict;
}

function judgedByKey(options: JudgeOptions, signed: Signed, publicKey: KeyObject, isNamed: boolean): Verdict {
  const material = { ...options.material, publicKey: () => ({ publicKey, validFor: () => true }) };
  // A key has no time in which alone it is good.
  const thresholds = { tlogThreshold: options.requireLog ? 1 : 0, ctlogThreshold: 0, timestampThreshold: 0 };
  try {
    const trust = { material, thresholds, der: spkiOf(publicKey), publicKey };
    return judged(options, signed, trust, () => ({ kind: 'key', hint: hintOf(publicKey) }));
  } catch (error) {
    if (isNamed) throw error;
    return unverifiable('none of the keys that are known here made it');
  }
}

type Trust = {
  readonly material: verify.TrustMaterial;
  readonly thresholds: verify.VerifierOptions;
  /** Whose entry the log must hold. */
  readonly der: Buffer;
  readonly publicKey?: KeyObject;
};

type Who = (signer: verify.Signer) => Identity | undefined;

function judged({ libraries }: JudgeOptions, signed: Signed, trust: Trust, who: Who): Verdict {
  const { Verifier } = libraries.verify;
  const given = entityOf(libraries, signed, trust);
  const { known, foreign } = ofKnownServices(given, trust.material);
  try {
    if (!known.tlogEntries.every((entry) => isLoggedUnder(entry, trust.der)))
      throw new ReasonError('the log took it under another certificate or key');
    const anchored = intotoAnchored(libraries, known, trust.material, signed.envelope);
    const thresholds = anchored === undefined ? trust.thresholds : { ...trust.thresholds, tlogThreshold: 0 };
    const identity = who(new Verifier(trust.material, thresholds).verify(anchored ?? known));
    if (identity === undefined) throw new ReasonError('its certificate names nobody');
    return { status: 'verified', identity };
  } catch (error) {
    if (foreign === undefined) throw error;
    return unverifiable(foreign);
  }
}

function entityOf(
  { verify: library }: VerifyLibraries,
  { bundle, artifact }: Signed,
  trust: Trust,
): verify.SignedEntity {
  const given = artifact === undefined ? undefined : Buffer.from(artifact);
  const entity = library.toSignedEntity(bundle, given);
  if (trust.publicKey?.asymmetricKeyType !== 'ed25519' || given === undefined) return entity;
  return { ...entity, signature: ed25519Content(entity.signature, bundle, given) };
}

/** What services that nobody here knows have added is left out, and said when the rest does not suffice. */
function ofKnownServices(
  entity: verify.SignedEntity,
  { tlogs, timestampAuthorities }: verify.TrustMaterial,
): { readonly known: verify.SignedEntity; readonly foreign?: string } {
  type Entry = verify.SignedEntity['tlogEntries'][number];
  const isLog = (entry: Entry): boolean => tlogs.some(({ logID }) => logID.equals(entry.logId.keyId));
  const serials = timestampAuthorities.flatMap(({ certChain }) => certChain.map(({ serialNumber }) => serialNumber));
  const tlogEntries = entity.tlogEntries.filter(isLog);
  const timestamps = entity.timestamps.filter((one) =>
    one.$case === 'transparency-log'
      ? isLog(one.tlogEntry)
      : serials.some((serial) => serial.equals(one.timestamp.signerSerialNumber)),
  );
  const known = { ...entity, tlogEntries, timestamps };
  if (tlogEntries.length < entity.tlogEntries.length) return { known, foreign: 'its log entry is of another log' };
  if (timestamps.length < entity.timestamps.length)
    return { known, foreign: 'its time stamp is of another timestamp authority' };
  return { known };
}

function isOfKnownAuthority({ certificateAuthorities }: verify.TrustMaterial, leaf: core.X509Certificate): boolean {
  const wanted = leaf.extAuthorityKeyID?.keyIdentifier;
  return certificateAuthorities.some(({ certChain }) =>
    certChain.some((issuer) => {
      const id = issuer.extSubjectKeyID?.keyIdentifier;
      return wanted === undefined || id === undefined ? issuer.subject.equals(leaf.issuer) : id.equals(wanted);
    }),
  );
}

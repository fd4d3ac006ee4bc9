import { createPublicKey, sign, type KeyObject } from 'node:crypto';
import { PromotionError } from '../../errors.ts';
import type { Identity } from '../roles.ts';

/** What Rekor v2 calls a kind of key (https://github.com/sigstore/protobuf-specs, PublicKeyDetails); undefined for one that it does not take. */
export type KeyDetails = string | undefined;

/** What signs now. */
export type SigningKey = {
  readonly identity: Identity;
  readonly privateKey: KeyObject;
  /** The certificate or public key, in PEM, under which a log takes the signature. */
  readonly verifier: string;
  readonly isCertified: boolean;
  /** Certificates in PEM from the issuer of the signer's to the root. */
  readonly chain: readonly string[];
  /** False when a new one should be got instead. */
  isFresh(): boolean;
};

/** Gives the key to sign with, a new one when the old one is over. */
export type KeySource = (signal: AbortSignal) => Promise<SigningKey>;

/** A signature as cosign makes and checks it: SHA-256 for EC and RSA, none for Ed25519. */
export function signBytes({ privateKey }: Pick<SigningKey, 'privateKey'>, bytes: Uint8Array): Buffer {
  return sign(privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, privateKey);
}

/** The kind of a key in the words of Rekor v2. */
export function keyDetailsOf({ privateKey }: Pick<SigningKey, 'privateKey'>): KeyDetails {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = privateKey;
  return type === 'ec' && details?.namedCurve === 'prime256v1' ? 'PKIX_ECDSA_P256_SHA_256' : undefined;
}

/** Throws USAGE for a signature that no log of this version takes. */
export function checkLoggable(key: SigningKey, version: 1 | 2, kind: 'statement' | 'payload'): void {
  if (kind === 'payload' && version === 2) {
    throw new PromotionError('USAGE', 'a .sig signature cannot hold an entry of Rekor v2', {
      hint: 'use --signature-format bundle, or --rekor-version 1',
    });
  }
  if (kind === 'payload' && key.privateKey.asymmetricKeyType === 'ed25519') {
    throw new PromotionError('USAGE', 'Rekor takes no .sig signature of an Ed25519 key', {
      hint: 'use --signature-format bundle, another key, or --tlog-upload=false',
    });
  }
  if (version === 2 && keyDetailsOf(key) === undefined) {
    // An RSA key signs the same bytes always alike: a log that never shows an entry again refuses them for good after a crash.
    throw new PromotionError('USAGE', 'signatures can be logged in Rekor v2 with P-256 keys only', {
      hint: 'use another key, or --rekor-version 1',
    });
  }
}

/** The public half of a private key. */
export function publicHalf(privateKey: KeyObject): KeyObject {
  return createPublicKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
}

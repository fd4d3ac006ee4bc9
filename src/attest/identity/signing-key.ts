import { createPublicKey, sign, type KeyObject } from 'node:crypto';
import { PromotionError } from '../../errors.ts';
import type { Identity } from '../roles.ts';

/**
 * The name of a kind of key in Rekor v2 (https://github.com/sigstore/protobuf-specs, PublicKeyDetails); undefined for
 * an unsupported kind.
 */
export type KeyDetails = string | undefined;

/** A key or certificate for signing. */
export type SigningKey = {
  readonly identity: Identity;
  readonly privateKey: KeyObject;
  /** The certificate or public key, in PEM, under which a log accepts the signature. */
  readonly verifier: string;
  readonly isCertified: boolean;
  /** Certificates in PEM, from the issuer of the signer's to the root. */
  readonly chain: readonly string[];
  /** Returns false if a new one should be requested. */
  isFresh(): boolean;
};

/** Returns the key to sign with; a new one if the previous has expired. */
export type KeySource = (signal: AbortSignal) => Promise<SigningKey>;

/** Signs bytes like cosign: SHA-256 for EC and RSA, no hash for Ed25519. */
export function signBytes({ privateKey }: Pick<SigningKey, 'privateKey'>, bytes: Uint8Array): Buffer {
  return sign(privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, privateKey);
}

/** Returns the name of a key's kind in Rekor v2. */
export function keyDetailsOf({ privateKey }: Pick<SigningKey, 'privateKey'>): KeyDetails {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = privateKey;
  return type === 'ec' && details?.namedCurve === 'prime256v1' ? 'PKIX_ECDSA_P256_SHA_256' : undefined;
}

/** Throws USAGE for a signature that no log of this version accepts. */
export function checkLoggable(key: SigningKey, version: 1 | 2, kind: 'statement' | 'payload'): void {
  if (kind === 'payload' && version === 2) {
    throw new PromotionError('USAGE', 'a .sig signature cannot contain an entry of Rekor v2', {
      hint: 'use --signature-format bundle, or --rekor-version 1',
    });
  }
  if (kind === 'payload' && key.privateKey.asymmetricKeyType === 'ed25519') {
    throw new PromotionError('USAGE', 'Rekor accepts no .sig signature of an Ed25519 key', {
      hint: 'use --signature-format bundle, another key, or --tlog-upload=false',
    });
  }
  if (version === 2 && keyDetailsOf(key) === undefined) {
    // An RSA key signs equal bytes identically: after a crash, a log that never returns an existing entry would reject
    // them for good.
    throw new PromotionError('USAGE', 'signatures can be logged in Rekor v2 with P-256 keys only', {
      hint: 'use another key, or --rekor-version 1',
    });
  }
}

/** Returns the public half of a private key. */
export function publicHalf(privateKey: KeyObject): KeyObject {
  return createPublicKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
}

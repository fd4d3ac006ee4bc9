import { readFile } from 'node:fs/promises';
import { PromotionError } from '../../errors.ts';
import type { KeyObject } from 'node:crypto';
import type { IdentityOptions } from '../identity/identity.ts';
import { checkKeyPath, parseKey, parseVerifyingKey } from '../identity/key.ts';
import { hintOf } from '../verifying/log-entry.ts';
import { publicHalf, type SigningKey } from '../identity/signing-key.ts';

/** The environment with the key's password, and the secrets that learn the key. */
type KeySurroundings = Pick<IdentityOptions, 'env' | 'secrets'>;

/**
 * Loads a signing key from a file; its password is COSIGN_PASSWORD. Throws USAGE for a key in a KMS, IDENTITY for an
 * unusable one.
 */
export async function keyFrom(path: string, around: KeySurroundings): Promise<SigningKey> {
  const privateKey = await parseKey(await textOf(path, around), path, around.env['COSIGN_PASSWORD']);
  const half = publicHalf(privateKey);
  return {
    identity: { kind: 'key', hint: hintOf(half) },
    privateKey,
    verifier: half.export({ type: 'spki', format: 'pem' }).toString(),
    isCertified: false,
    chain: [],
    isFresh: () => true,
  };
}

/**
 * Loads the public key that verifies signatures of the key in a file, which may be a public key. Throws like `keyFrom`.
 */
export async function verifyingKeyFrom(path: string, around: KeySurroundings): Promise<KeyObject> {
  return parseVerifyingKey(await textOf(path, around), path, around.env['COSIGN_PASSWORD']);
}

async function textOf(path: string, { secrets }: KeySurroundings): Promise<string> {
  checkKeyPath(path);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PromotionError('IDENTITY', `the key ${path} cannot be read`, { cause, hint: 'check the path of --key' });
  });
  if (text.includes('PRIVATE KEY')) secrets?.learn(text);
  return text;
}

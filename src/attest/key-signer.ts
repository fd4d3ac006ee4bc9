import { readFile } from 'node:fs/promises';
import { PromotionError } from '../errors.ts';
import { checkKeyPath, parseKey } from './key-file.ts';
import { hintOf } from './log-entry.ts';
import { publicHalf, type SigningKey } from './signing-key.ts';

/** The user's own key from a file; its password is COSIGN_PASSWORD. Throws USAGE for a key in a KMS, IDENTITY for one that cannot be used. */
export async function keyFrom(path: string, env: Readonly<Record<string, string | undefined>>): Promise<SigningKey> {
  checkKeyPath(path);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PromotionError('IDENTITY', `the key ${path} cannot be read`, { cause, hint: 'check the path of --key' });
  });
  const privateKey = await parseKey(text, path, env['COSIGN_PASSWORD']);
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

import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';

/** A new pair of P-256. */
export function ecKeys(): KeyPairKeyObjectResult {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

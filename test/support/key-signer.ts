import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import type { Signer } from '../../src/attest/roles.ts';
import { homeWith } from './home.ts';
import { signingIn } from './signing.ts';

/** Somebody who signs with a key that nobody knows. */
export async function keySigner(world: Parameters<typeof signingIn>[0]): Promise<Signer> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const home = await homeWith({ 'key.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() });
  const signing = await signingIn(world, { key: join(home, 'key.pem'), env: {} });
  return signing.signer(new AbortController().signal);
}

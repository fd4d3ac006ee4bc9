import { createPrivateKey, scrypt, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { PromotionError } from '../errors.ts';
import { blocksIn } from './pem.ts';

/** Keys in a KMS, a cluster or a token, as cosign names them. */
const ELSEWHERE = /^[a-z0-9]+:\/\//i;
/** The two names that cosign has given the same form. */
const ENCRYPTED = ['ENCRYPTED SIGSTORE PRIVATE KEY', 'ENCRYPTED COSIGN PRIVATE KEY'] as const;

/** Throws USAGE for what names no file. */
export function checkKeyPath(path: string): void {
  if (!ELSEWHERE.test(path)) return;
  throw new PromotionError(
    'USAGE',
    `--key ${path.replace(/:.*$/s, '://…')} is not a file: keys in a KMS are not supported`,
    {
      hint: 'give the path of a private key in PEM, or sign keyless with the identity of the machine',
    },
  );
}

/** The private key in the text of a file: cosign's own form, for which a password is needed, or PKCS#8; EC, RSA or Ed25519. Throws IDENTITY, which quotes nothing of it. */
export async function parseKey(text: string, path: string, password: string | undefined): Promise<KeyObject> {
  const bad = (what: string, hint: string): PromotionError =>
    new PromotionError('IDENTITY', `the key ${path} ${what}`, { hint });
  const [sealed] = ENCRYPTED.flatMap((label) => blocksIn(text, label));
  if (sealed !== undefined && password === undefined) throw bad('is encrypted', 'set COSIGN_PASSWORD to its password');
  const der = sealed === undefined ? blocksIn(text, 'PRIVATE KEY')[0] : await opened(sealed, password ?? '');
  if (der === undefined) {
    throw sealed === undefined
      ? bad('holds no private key that is known here', 'give one of "cosign generate-key-pair", or PKCS#8 in PEM')
      : bad('does not open with COSIGN_PASSWORD', 'check the password');
  }
  const key = privateKey(der);
  if (key === undefined) throw bad('is damaged', 'give a private key in PKCS#8');
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519' || (type === 'ec' && CURVES.has(details?.namedCurve ?? ''))) return key;
  // NIST SP 800-131A forbids signing with less.
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048) return key;
  throw bad(
    `is of a kind that does not do (${type})`,
    'use EC P-256, P-384 or P-521, RSA of 2048 bits or more, or Ed25519',
  );
}

const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

function privateKey(der: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch {
    // What OpenSSL says may quote the key.
    return undefined;
  }
}

const base64 = z.string().transform((text) => Buffer.from(text, 'base64'));
// https://github.com/secure-systems-lab/go-securesystemslib/blob/v0.9.1/encrypted/encrypted.go
const Sealed = z.object({
  kdf: z.object({
    name: z.literal('scrypt'),
    params: z.object({ N: z.number(), r: z.number(), p: z.number() }),
    salt: base64,
  }),
  cipher: z.object({ name: z.literal('nacl/secretbox'), nonce: base64 }),
  ciphertext: base64,
});

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt);
/** cosign's own parameters need 64 MiB; what asks for eight times as much is no key of anybody. In bytes. */
const MAX_MEMORY = 536_870_912;

/** What is inside; undefined when the password is not right or the form is another. */
async function opened(bytes: Buffer, password: string): Promise<Buffer | undefined> {
  try {
    const { kdf, cipher, ciphertext } = Sealed.parse(JSON.parse(bytes.toString('utf8')));
    const key = await derive(password, kdf.salt, 32, { ...kdf.params, maxmem: MAX_MEMORY });
    const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js');
    return Buffer.from(xsalsa20poly1305(key, cipher.nonce).decrypt(ciphertext));
  } catch {
    return undefined;
  }
}

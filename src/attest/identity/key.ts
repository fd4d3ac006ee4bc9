import { createPrivateKey, createPublicKey, scrypt, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { PromotionError } from '../../errors.ts';
import { blocksIn } from '../formats/pem.ts';
import { publicHalf } from './signing-key.ts';

/** Keys in a KMS, a cluster or a hardware token, in cosign's notation. */
const ELSEWHERE = /^[a-z0-9]+:\/\//i;
/** The two PEM labels of cosign's encrypted format. */
const ENCRYPTED = ['ENCRYPTED SIGSTORE PRIVATE KEY', 'ENCRYPTED COSIGN PRIVATE KEY'] as const;

/** Throws USAGE unless the path names a file. */
export function checkKeyPath(path: string): void {
  if (!ELSEWHERE.test(path)) return;
  throw new PromotionError(
    'USAGE',
    `--key ${path.replace(/:.*$/s, '://…')} is not a file: keys in a KMS are not supported`,
    {
      hint: 'use the path of a private key in PEM, or sign keyless with the identity of the machine',
    },
  );
}

/**
 * Parses a private key: cosign's encrypted format, which needs a password, or PKCS#8; EC, RSA or Ed25519. Throws
 * IDENTITY without quoting the key.
 */
export async function parseKey(text: string, path: string, password: string | undefined): Promise<KeyObject> {
  const bad = refusalOf(path);
  const [sealed] = ENCRYPTED.flatMap((label) => blocksIn(text, label));
  if (sealed !== undefined && password === undefined) throw bad('is encrypted', 'set COSIGN_PASSWORD to its password');
  const der = sealed === undefined ? blocksIn(text, 'PRIVATE KEY')[0] : await opened(sealed, password ?? '');
  if (der === undefined) throw sealed === undefined ? otherForm(text, path) : bad(...WRONG_PASSWORD);
  const key = readable(() => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  if (key === undefined) throw bad('is damaged', 'use a private key in PKCS#8');
  return usable(key, path);
}

/**
 * Parses the key that verifies signatures of the key in a file: a public key, or the public half of a private one.
 * Throws like `parseKey`.
 */
export async function parseVerifyingKey(text: string, path: string, password: string | undefined): Promise<KeyObject> {
  const [der] = blocksIn(text, 'PUBLIC KEY');
  if (der === undefined) return publicHalf(await parseKey(text, path, password));
  const key = readable(() => createPublicKey({ key: der, format: 'der', type: 'spki' }));
  if (key === undefined) throw refusalOf(path)('is damaged', 'use a public key as "cosign public-key" prints it');
  return usable(key, path);
}

function refusalOf(path: string): (what: string, hint: string) => PromotionError {
  return (what, hint) => new PromotionError('IDENTITY', `the key ${path} ${what}`, { hint });
}

const WRONG_PASSWORD = ['does not open with COSIGN_PASSWORD', 'check the password'] as const;

/** Labels of other PEM blocks that users take for a private key, with their descriptions. */
const OTHER_FORMS: Readonly<Record<string, string>> = {
  'ENCRYPTED PRIVATE KEY': 'is an encrypted PKCS#8 key',
  'EC PRIVATE KEY': 'is an EC key in the older form of SEC 1',
  'RSA PRIVATE KEY': 'is an RSA key in the older form of PKCS#1',
};

/** Returns the error that says what a file without a usable private key contains. */
function otherForm(text: string, path: string): PromotionError {
  const bad = refusalOf(path);
  for (const [label, what] of Object.entries(OTHER_FORMS))
    if (blocksIn(text, label).length > 0 || text.includes(`-----BEGIN ${label}-----`))
      return bad(what, `convert it to plain PKCS#8: openssl pkcs8 -topk8 -nocrypt -in ${path} -out FILE`);
  if (blocksIn(text, 'PUBLIC KEY').length > 0)
    return bad('is a public key, which can only verify', 'to sign, use the private key that belongs to it');
  if (text.includes('-----BEGIN OPENSSH PRIVATE KEY-----'))
    return bad('is a key of OpenSSH', 'create a signing key with "cosign generate-key-pair"');
  if (blocksIn(text, 'CERTIFICATE').length > 0) return bad('is a certificate', 'use its private key in PKCS#8');
  return bad('contains no supported private key', 'use a key of "cosign generate-key-pair", or PKCS#8 in PEM');
}

/** Returns the key; throws if its kind is not supported. */
function usable(key: KeyObject, path: string): KeyObject {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519' || (type === 'ec' && CURVES.has(details?.namedCurve ?? ''))) return key;
  // NIST SP 800-131A forbids signing with shorter keys.
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048) return key;
  throw refusalOf(path)(
    `is of an unsupported kind (${type})`,
    'use EC P-256, P-384 or P-521, RSA of 2048 bits or more, or Ed25519',
  );
}

const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

function readable(read: () => KeyObject): KeyObject | undefined {
  try {
    return read();
  } catch {
    // OpenSSL's message may quote the key.
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
/**
 * Memory limit of the key derivation, in bytes. cosign's own parameters need 64 MiB; no real key needs eight times as
 * much.
 */
const MAX_MEMORY = 536_870_912;

/** Decrypts a key; returns undefined if the password is wrong or the format is another one. */
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

import { createPublicKey, generateKeyPairSync, scryptSync, type KeyObject } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { describe, expect, it } from 'vitest';
import { rejection } from '../../../test/support/http-request.ts';
import { parseKey, parseVerifyingKey } from './key.ts';
import { pemOf } from '../formats/pem.ts';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const der = (key: KeyObject): Buffer => key.export({ type: 'pkcs8', format: 'der' });

/** A key as `cosign generate-key-pair` writes it, with less work for the password. */
function sealed(bytes: Buffer, password: string, label = 'ENCRYPTED SIGSTORE PRIVATE KEY'): string {
  const [salt, nonce] = [Buffer.alloc(32, 1), Buffer.alloc(24, 2)];
  const params = { N: 1024, r: 8, p: 1 };
  const key = scryptSync(password, salt, 32, params);
  const text = JSON.stringify({
    kdf: { name: 'scrypt', params, salt: salt.toString('base64') },
    cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
    ciphertext: Buffer.from(xsalsa20poly1305(key, nonce).encrypt(bytes)).toString('base64'),
  });
  return pemOf(Buffer.from(text), label);
}

/** The public half, as `cosign generate-key-pair` and openssl write it. */
const spki = (key: KeyObject): string => createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();

describe('src/attest/identity/key.ts', () => {
  it.each([
    ['a public key', spki(ec), undefined],
    ['a private key', pemOf(der(ec), 'PRIVATE KEY'), undefined],
    ["cosign's private key", sealed(der(ec), 'secret'), 'secret'],
  ])('verifies with %s', async (_, text, password) => {
    expect((await parseVerifyingKey(text, 'k', password)).equals(createPublicKey(ec))).toBe(true);
  });

  it.each([
    ['damaged', pemOf(Buffer.from('hunter2'), 'PUBLIC KEY'), /is damaged/],
    [
      'too small',
      spki(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey),
      /of an unsupported kind \(rsa\)/,
    ],
    ['none', 'hunter2', /no supported private key/],
  ])('rejects a public key that is %s', async (_, text, message) => {
    const error = await rejection(parseVerifyingKey(text, 'k', undefined));
    expect(error).toMatchObject({ code: 'IDENTITY', message: expect.stringMatching(message) });
  });

  it('hints how to convert a key in another format', async () => {
    const error = await rejection(parseKey(ec.export({ type: 'sec1', format: 'pem' }).toString(), 'my.key', undefined));
    expect(error).toMatchObject({ hint: expect.stringContaining('openssl pkcs8 -topk8 -nocrypt -in my.key') });
  });

  it.each(['ENCRYPTED SIGSTORE PRIVATE KEY', 'ENCRYPTED COSIGN PRIVATE KEY'])(
    "decrypts cosign's %s with its password",
    async (label) => {
      expect((await parseKey(sealed(der(ec), 'secret', label), 'k', 'secret')).equals(ec)).toBe(true);
    },
  );

  it('decrypts a key with an empty password', async () => {
    expect((await parseKey(sealed(der(ec), ''), 'k', '')).equals(ec)).toBe(true);
  });

  it.each<[string, KeyObject]>([
    ['P-256', ec],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
    ['Ed25519', generateKeyPairSync('ed25519').privateKey],
  ])('reads a %s key in PKCS#8', async (_kind, key) => {
    expect((await parseKey(pemOf(der(key), 'PRIVATE KEY'), 'k', undefined)).equals(key)).toBe(true);
  });

  it.each<[string, string, string | undefined, RegExp]>([
    ['encrypted, without a password', sealed(der(ec), 'secret'), undefined, /is encrypted/],
    ['encrypted with another password', sealed(der(ec), 'secret'), 'other', /does not open/],
    ['encrypted and cut short', sealed(der(ec), 's').replace(/.{40}\n-----END/, '\n-----END'), 's', /does not open/],
    ['damaged', pemOf(Buffer.from('hunter2'), 'PRIVATE KEY'), undefined, /is damaged/],
    [
      'in the older form of SEC 1',
      ec.export({ type: 'sec1', format: 'pem' }).toString(),
      undefined,
      /is an EC key in the older form of SEC 1/,
    ],
    [
      'in the older form of PKCS#1',
      generateKeyPairSync('rsa', { modulusLength: 2048 })
        .privateKey.export({ type: 'pkcs1', format: 'pem' })
        .toString(),
      undefined,
      /is an RSA key in the older form of PKCS#1/,
    ],
    [
      'encrypted as PKCS#8 has it',
      ec.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' }).toString(),
      'secret',
      /is an encrypted PKCS#8 key/,
    ],
    ['a public one', spki(ec), undefined, /is a public key, which can only verify/],
    ['a certificate', pemOf(Buffer.from('hunter2')), undefined, /is a certificate/],
    ['of OpenSSH', '-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n', undefined, /is a key of OpenSSH/],
    ['no PEM', 'hunter2', undefined, /no supported private key/],
    [
      'too small',
      pemOf(der(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), 'PRIVATE KEY'),
      undefined,
      /of an unsupported kind \(rsa\)/,
    ],
    [
      'on another curve',
      pemOf(der(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey), 'PRIVATE KEY'),
      undefined,
      /of an unsupported kind \(ec\)/,
    ],
  ])('rejects a key that is %s without quoting it', async (_what, text, password, message) => {
    const error = await rejection(parseKey(text, 'my.key', password));
    expect(error).toMatchObject({ code: 'IDENTITY', message: expect.stringMatching(message) });
    expect(`${String(error)}${JSON.stringify(error)}`).not.toMatch(/hunter2|secret/);
  });
});

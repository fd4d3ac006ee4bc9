import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { homeWith } from '../../../test/support/home.ts';
import { rejection } from '../../../test/support/http-request.ts';
import {
  digestNumber,
  openedSigning,
  payloadNumber,
  signedNumber,
  signingIn,
  signingWorld,
} from '../../../test/support/signing.ts';
import { hintOf } from '../verifying/log-entry.ts';
import { LEGACY } from '../formats/cosign-layer.ts';
import type { Signing } from './open.ts';
import { publicHalf } from '../identity/signing-key.ts';
import { openVerifier } from '../verifying/verify.ts';

const forever = new AbortController().signal;

async function keyFile(key: KeyObject): Promise<string> {
  const path = join(await homeWith({}), 'my.key');
  await writeFile(path, key.export({ type: 'pkcs8', format: 'pem' }));
  return path;
}

const KEYS: readonly (readonly [string, () => KeyObject])[] = [
  ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
  ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
  ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
  ['Ed25519', () => generateKeyPairSync('ed25519').privateKey],
];
const LOGGABLE = KEYS.filter(([kind]) => kind !== 'Ed25519');

/** The `.sig` form, judged. */
async function legacy(signing: Signing): Promise<unknown> {
  const signature = await (await signing.signer(forever)).signPayload(payloadNumber(1), forever);
  return (await signing.verifier(forever)).legacy(signature, digestNumber(1));
}

async function bundle(signing: Signing): Promise<unknown> {
  return (await signing.verifier(forever)).bundle(await signedNumber(signing), digestNumber(1));
}

describe('src/attest/signing/key-signer.ts', () => {
  it.each(LOGGABLE)('signs in both forms with a %s key, and logs in Rekor v1', async (_kind, generate) => {
    const key = generate();
    const { sigstore, signing } = await openedSigning({ key: await keyFile(key) });
    const own = { status: 'verified', identity: { kind: 'key', hint: hintOf(publicHalf(key)) } };
    expect([await bundle(signing), await legacy(signing)]).toMatchObject([own, own]);
    expect(sigstore.counts()).toMatchObject({ fulcio: 0, rekor: 2 });
  });

  it('logs statements of an Ed25519 key in Rekor v1, and explains why a .sig is impossible', async () => {
    const { signing } = await openedSigning({ key: await keyFile(generateKeyPairSync('ed25519').privateKey) });
    expect(await bundle(signing)).toMatchObject({ status: 'verified' });
    expect(await rejection(legacy(signing))).toMatchObject({ code: 'USAGE', hint: expect.stringContaining('bundle') });
  });

  it.each(KEYS)('logs a %s key in Rekor v2 if it is a P-256 key', async (kind, generate) => {
    const world = await signingWorld({ rekorVersions: [2] });
    const result = bundle(await signingIn(world, { key: await keyFile(generate()) }));
    if (kind === 'P-256') expect(await result).toMatchObject({ status: 'verified' });
    else expect(await rejection(result)).toMatchObject({ code: 'USAGE' });
    expect(world.sigstore.counts().rekor2).toBe(kind === 'P-256' ? 1 : 0);
  });

  it.each(KEYS)('needs no service and no trusted root with a %s key and without a log', async (_kind, generate) => {
    const { sigstore, signing } = await openedSigning({
      key: await keyFile(generate()),
      tlogUpload: false,
      trustedRoots: undefined as never,
      signingConfig: undefined as never,
    });
    expect([await bundle(signing), await legacy(signing)]).toMatchObject([
      { status: 'verified' },
      { status: 'verified' },
    ]);
    expect(Object.values(sigstore.counts())).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('finds the entry of an earlier run if equal bytes have equal signatures', async () => {
    const key = await keyFile(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
    const { sigstore, signing, clock } = await openedSigning({ key });
    expect(await legacy(signing)).toMatchObject({ status: 'verified' });
    expect(await legacy(await signingIn({ sigstore, clock }, { key }))).toMatchObject({ status: 'verified' });
    expect(sigstore.logged.rekor).toHaveLength(1);
  });

  it('is not verified without the key, nor if a log entry is required', async () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { sigstore, signing } = await openedSigning({ key: await keyFile(key.privateKey), tlogUpload: false });
    const bytes = await signedNumber(signing);
    const signature = await (await signing.signer(forever)).signPayload(payloadNumber(1), forever);
    const { publicKey: foreign } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { trustedRoot } = sigstore;
    const statuses = async (keys: readonly KeyObject[]): Promise<readonly string[]> => {
      const verifier = await openVerifier({ trustedRoot, keys });
      return [verifier.bundle(bytes, digestNumber(1)).status, verifier.legacy(signature, digestNumber(1)).status];
    };
    expect(await statuses([])).toEqual(['unverifiable', 'unverifiable']);
    expect(await statuses([foreign])).toEqual(['unverifiable', 'unverifiable']);
    // A .sig layer does not say of which key it is.
    expect(await statuses([key.publicKey])).toEqual(['unverifiable', 'unverifiable']);
  });

  it('stores the key hint outside the envelope only', async () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { signing } = await openedSigning({ key: await keyFile(key.privateKey), tlogUpload: false });
    const { verificationMaterial, dsseEnvelope } = JSON.parse(Buffer.from(await signedNumber(signing)).toString()) as {
      readonly verificationMaterial: { readonly publicKey: { readonly hint: string } };
      readonly dsseEnvelope: { readonly signatures: readonly { readonly keyid?: string }[] };
    };
    expect(verificationMaterial.publicKey.hint).toBe(hintOf(key.publicKey));
    expect(dsseEnvelope.signatures[0]?.keyid ?? '').toBe('');
  });

  it('writes neither certificate nor chain into a .sig layer', async () => {
    const { signing } = await openedSigning({
      key: await keyFile(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
    });
    const { annotations } = await (await signing.signer(forever)).signPayload(payloadNumber(1), forever);
    expect(Object.keys(annotations).toSorted()).toEqual([LEGACY.log, LEGACY.signature].toSorted());
  });
});

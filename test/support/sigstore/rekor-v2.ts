import { createHash, createPublicKey, generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { json as canonical } from '@sigstore/core';
import type { LoggedEntry } from './rekor-v1.ts';
import { json, type Answer, type Routes } from './service.ts';

/** A log of the second version; `id` is that of the key, as notes are signed with. */
export type LogV2 = {
  readonly routes: Routes;
  readonly publicKey: Buffer;
  readonly id: Buffer;
  readonly entries: readonly LoggedEntry[];
};

type Verifier = {
  readonly x509Certificate?: { readonly rawBytes: string };
  readonly publicKey?: { readonly rawBytes: string };
};
type HashedRekord = {
  readonly digest: string;
  readonly signature: { readonly content: string; readonly verifier: Verifier & { readonly keyDetails: string } };
};

/**
 * A Rekor of the second version at `url`: every entry is the one leaf of a tree of its own. It takes hashedrekord
 * alone, as the real one does since https://github.com/sigstore/rekor-tiles/pull/744, and nothing twice.
 */
export function rekorV2(url: string): LogV2 {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const der = publicKey.export({ format: 'der', type: 'spki' });
  // The name in a checkpoint is that of the host, without the port.
  const origin = new URL(url).hostname;
  const raw = der.subarray(-32);
  const id = sha256(Buffer.concat([Buffer.from(`${origin}\n\x01`), raw]));
  const indexes = new Map<string, number>();
  const entries: LoggedEntry[] = [];
  const signed = (note: string): string => {
    // https://github.com/C2SP/C2SP/blob/main/signed-note.md
    const signature = Buffer.concat([id.subarray(0, 4), sign(null, Buffer.from(note), privateKey)]);
    return `${note}\n\u2014 ${origin} ${signature.toString('base64')}\n`;
  };
  const add = (request: HashedRekord): Answer => {
    const body = Buffer.from(canonical.canonicalize(storedForm(request)));
    const root = sha256(Buffer.concat([Buffer.of(0), body]));
    const known = indexes.get(root.toString('hex'));
    if (known !== undefined) return duplicate(known);
    indexes.set(root.toString('hex'), entries.length);
    entries.push({ kind: 'hashedrekord', digest: Buffer.from(request.digest, 'base64').toString('hex') });
    const envelope = signed(`${origin}\n1\n${root.toString('base64')}\n`);
    return json(201, {
      logIndex: '0',
      logId: { keyId: id.toString('base64') },
      kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
      integratedTime: '0',
      inclusionPromise: null,
      inclusionProof: {
        logIndex: '0',
        rootHash: root.toString('base64'),
        treeSize: '1',
        hashes: [],
        checkpoint: { envelope },
      },
      canonicalizedBody: body.toString('base64'),
    });
  };
  return {
    publicKey: der,
    id,
    entries,
    routes: { 'POST /api/v2/log/entries': ({ body }) => create(body, add) },
  };
}

function create(body: Buffer, add: (request: HashedRekord) => Answer): Answer {
  const { hashedRekordRequestV002: request } = JSON.parse(body.toString('utf8')) as {
    hashedRekordRequestV002?: HashedRekord;
  };
  if (request === undefined) return json(400, { code: 3, message: 'invalid type, must be hashedrekord', details: [] });
  return isSigned(request)
    ? add(request)
    : json(400, { code: 3, message: 'invalid hashedrekord request', details: [] });
}

/**
 * The real log takes other keys, too, and verifies the signature. Node verifies none over a digest, which is all that
 * the log has of what was signed; so only the forms are looked at here.
 */
function isSigned({ digest, signature }: HashedRekord): boolean {
  try {
    const { asymmetricKeyDetails } = keyOf(signature.verifier);
    const [tag, length] = Buffer.from(signature.content, 'base64');
    return (
      signature.verifier.keyDetails === 'PKIX_ECDSA_P256_SHA_256' &&
      asymmetricKeyDetails?.namedCurve === 'prime256v1' &&
      Buffer.from(digest, 'base64').length === SHA256_BYTES &&
      tag === SEQUENCE &&
      length === Buffer.from(signature.content, 'base64').length - 2
    );
  } catch {
    return false;
  }
}

const SHA256_BYTES = 32;
/** The tag in DER of an ECDSA signature; one of P-256 is shorter than 128 bytes. */
const SEQUENCE = 0x30;

function keyOf({ x509Certificate, publicKey }: Verifier): ReturnType<typeof createPublicKey> {
  if (x509Certificate !== undefined)
    return new X509Certificate(Buffer.from(x509Certificate.rawBytes, 'base64')).publicKey;
  return createPublicKey({ key: Buffer.from(publicKey?.rawBytes ?? '', 'base64'), format: 'der', type: 'spki' });
}

function storedForm({ digest, signature }: HashedRekord): object {
  const spec = { hashedRekordV002: { data: { algorithm: 'SHA2_256', digest }, signature } };
  return { apiVersion: '0.0.2', kind: 'hashedrekord', spec };
}

function duplicate(index: number): Answer {
  const message = `an equivalent entry already exists in the transparency log with index ${index}`;
  return json(409, { code: 6, message, details: [] }, { 'x-log-index': String(index) });
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

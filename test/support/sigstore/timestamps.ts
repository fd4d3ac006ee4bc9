import { webcrypto } from 'node:crypto';
import { tsaHandler } from '@sigstore/mock/dist/timestamp/index.js';
import { ASN1Obj } from '@sigstore/core';
import type { Authorities } from './authorities.ts';
import { json, type Answer, type Asked, type Routes } from './service.ts';

/** A timestamp authority: from who stamps to the root, DER. */
export type Timestamps = { readonly routes: Routes; readonly chain: readonly Buffer[] };

/** What the mock keeps to itself; its own certificates begin and end by the machine's clock. */
type Inside = {
  rootCert: unknown;
  intCert: { constructor: { fromBER(der: ArrayBuffer): unknown } };
  keyPair: webcrypto.CryptoKeyPair;
  crypto: { constructor: new (options: { crypto: webcrypto.Crypto }) => unknown };
  getCurrentTime: () => Date;
};

/** A timestamp authority by this clock. */
export function timestamps(now: () => number, { timestamping, stamper: tsa }: Authorities): Timestamps {
  const { leaf, root } = timestamping;
  const { intCert, crypto } = tsa as unknown as Inside;
  Object.assign(tsa, {
    rootCert: intCert.constructor.fromBER(root.certificate.rawData),
    intCert: intCert.constructor.fromBER(leaf.certificate.rawData),
    keyPair: leaf.keys,
    crypto: new crypto.constructor({ crypto: webcrypto }),
    // The mock writes fractions of a second without padding, which one reader in ten cannot parse.
    getCurrentTime: () => new Date(Math.floor(now() / 1000) * 1000),
  });
  const { fn } = tsaHandler(tsa);
  return {
    chain: [leaf, root].map(({ certificate }) => Buffer.from(certificate.rawData)),
    routes: { 'POST /api/v1/timestamp': (asked) => stamp(asked, fn) },
  };
}

async function stamp({ request, body }: Asked, handler: ReturnType<typeof tsaHandler>['fn']): Promise<Answer> {
  const type = request.headers['content-type'] ?? '';
  if (!TYPES.has(type)) return json(415, { code: 415, message: `unsupported media type "${type}"` });
  try {
    const asked = type === 'application/json' ? body.toString('utf8') : JSON.stringify(fromDer(Buffer.from(body)));
    const { statusCode, response, contentType } = await handler(asked);
    const answer =
      typeof response === 'string' ? response : Buffer.from(response.buffer, response.byteOffset, response.byteLength);
    return { status: statusCode, body: answer, type: contentType ?? 'text/plain' };
  } catch {
    return json(400, { code: 400, message: 'Error parsing timestamp request' });
  }
}

const TYPES: ReadonlySet<string> = new Set(['application/json', 'application/timestamp-query']);

/** TimeStampReq (https://www.rfc-editor.org/rfc/rfc3161#section-2.4.1) as the mock wants it; without the nonce. */
function fromDer(der: Buffer<ArrayBuffer>): object {
  const fields = ASN1Obj.parseBuffer(der).subs;
  const hash = fields[1]?.subs[1]?.value ?? Buffer.alloc(0);
  return {
    artifactHash: hash.toString('base64'),
    hashAlgorithm: `sha${hash.length * 8}`,
    certificates: fields.some((field) => field.tag.isBoolean() && field.toBoolean()),
  };
}

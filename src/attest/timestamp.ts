import { createHash } from 'node:crypto';
import type { Fetch } from '../http/fetch.ts';
import { askService } from './service-call.ts';

/** Asks a timestamp authority (RFC 3161) when a signature was made; the answer is in DER, status and all. */
export type Stamper = (signature: Uint8Array, signal: AbortSignal) => Promise<Buffer>;

/** TimeStampReq in DER up to the hash: version 1, and that a SHA-256 follows (https://www.rfc-editor.org/rfc/rfc3161#section-2.4.1). */
const REQUEST = Buffer.from('30360201013031300d060960864801650304020105000420', 'hex');

/** A stamper at that address, whole as the signing configuration says it. */
export function stamper(fetch: Fetch, url: URL): Stamper {
  return async (signature, signal) => {
    const hash = createHash('sha256').update(signature).digest();
    const { bytes } = await askService(fetch, {
      service: 'the timestamp authority',
      purpose: 'stamping a signature with the time',
      url,
      type: 'application/timestamp-query',
      body: Buffer.concat([REQUEST, hash]),
      expected: [200, 201],
      signal,
    });
    return Buffer.from(bytes);
  };
}

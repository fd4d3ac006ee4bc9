import { createHash } from 'node:crypto';
import type { Fetch } from '../../http/fetch.ts';
import type { Permit } from './permit.ts';
import { askService } from './call.ts';

/** Asks a timestamp authority (RFC 3161) when a signature was made. */
export type Stamper = {
  readonly url: URL;
  /** The answer in DER, status and all. `riding` for who has leave to ask this origin already, and must not wait for another. */
  stamp(signature: Uint8Array, riding: boolean, signal: AbortSignal): Promise<Buffer>;
};

/** Leave that is part of another's. */
const RIDING: Permit = { answered: () => {}, release: () => {} };

/** TimeStampReq in DER up to the hash: version 1, and that a SHA-256 follows (https://www.rfc-editor.org/rfc/rfc3161#section-2.4.1). */
const REQUEST = Buffer.from('30360201013031300d060960864801650304020105000420', 'hex');

/** A stamper at that address, whole as the signing configuration says it. */
export function stamper(fetch: Fetch, url: URL): Stamper {
  return {
    url,
    stamp: async (signature, riding, signal) => {
      const hash = createHash('sha256').update(signature).digest();
      const { bytes } = await askService(fetch, {
        service: 'the timestamp authority',
        purpose: 'stamping a signature with the time',
        url,
        type: 'application/timestamp-query',
        body: Buffer.concat([REQUEST, hash]),
        expected: [200, 201],
        ...(riding && { permit: RIDING }),
        signal,
      });
      return Buffer.from(bytes);
    },
  };
}

import { createHash } from 'node:crypto';
import type { Fetch } from '../../http/fetch.ts';
import { askService, type Permit } from './call.ts';

/** Gets timestamps for signatures from a timestamp authority (RFC 3161). */
export type Stamper = {
  readonly url: URL;
  /**
   * Returns the response in DER, including the status. Set `isPermitted` if the caller already holds a permit for this
   * origin, and must not wait for another.
   */
  stamp(signature: Uint8Array, isPermitted: boolean, signal: AbortSignal): Promise<Buffer>;
};

/** The permit of a request that another permit covers. */
const PERMITTED: Permit = { answered: () => {}, release: () => {} };

/**
 * A TimeStampReq in DER up to the hash: version 1, and a SHA-256 follows
 * (https://www.rfc-editor.org/rfc/rfc3161#section-2.4.1).
 */
const REQUEST = Buffer.from('30360201013031300d060960864801650304020105000420', 'hex');

/** Creates a client of the timestamp authority at the full address from the signing configuration. */
export function stamper(fetch: Fetch, url: URL): Stamper {
  return {
    url,
    stamp: async (signature, isPermitted, signal) => {
      const hash = createHash('sha256').update(signature).digest();
      const { bytes } = await askService(fetch, {
        service: 'the timestamp authority',
        purpose: 'getting a timestamp for a signature',
        url,
        type: 'application/timestamp-query',
        body: Buffer.concat([REQUEST, hash]),
        expected: [200, 201],
        permit: isPermitted ? PERMITTED : undefined,
        signal,
      });
      return Buffer.from(bytes);
    },
  };
}

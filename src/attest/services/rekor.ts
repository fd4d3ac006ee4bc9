import { createHash } from 'node:crypto';
import type * as bundles from '@sigstore/bundle';
import type { Bundle, TransparencyLogEntry } from '@sigstore/bundle';
import type * as core from '@sigstore/core';
import type { Fetch } from '../../http/fetch.ts';
import { entryOfV1, entryOfV2 } from './rekor-answer.ts';
import { askService, endpoint, malformed, type ServiceAnswer, type ServiceRequest, type Permit } from './call.ts';
import type { KeyDetails } from '../identity/signing-key.ts';

/** The content of a log entry, and its certificate or public key (PEM). */
type Entry = {
  readonly content: Bundle['content'];
  readonly verifier: string;
  readonly keyDetails: KeyDetails;
};

/** A transparency log that accepts entries. */
export type Log = {
  readonly version: 1 | 2;
  readonly url: URL;
  /**
   * Adds an entry. Never cancelled and never sent twice: a cancelled entry is logged nevertheless, and breaks others in
   * the same batch.
   */
  add(entry: Entry, permit: Permit): Promise<TransparencyLogEntry>;
};

/**
 * Header timeout in milliseconds. An entry of Rekor v2 waits for the log's next checkpoint, 1 to 11 s, and longer under
 * load.
 */
const HEADERS_WITHIN = 90_000;

/** Creates a client of the log at this base address. */
export function rekor(fetch: Fetch, url: URL, version: 1 | 2): Log {
  const request = {
    service: 'Rekor',
    purpose: 'logging a signature',
    url: endpoint(url, `/api/v${version}/log/entries`),
  } as const;
  return {
    version,
    url,
    add: async ({ content, verifier, keyDetails }, permit) => {
      const { bundle, core } = await libraries();
      const proposal =
        version === 1 ? proposed(bundle, content, verifier) : created(core, content, verifier, keyDetails);
      const answer = await send(fetch, request, proposal, permit);
      try {
        return await (version === 1 ? entryOfV1(answer.bytes) : entryOfV2(answer.bytes));
      } catch (error) {
        throw malformed(request, error);
      }
    },
  };
}

const libraries = async (): Promise<Libraries> => {
  const [bundle, core] = await Promise.all([import('@sigstore/bundle'), import('@sigstore/core')]);
  return { bundle, core };
};
type Libraries = { readonly bundle: typeof bundles; readonly core: typeof core };

type Request = Pick<ServiceRequest, 'service' | 'purpose' | 'url'>;

async function send(fetch: Fetch, request: Request, proposal: object, permit: Permit): Promise<ServiceAnswer> {
  const never = new AbortController().signal;
  const answer = await askService(fetch, {
    ...request,
    type: 'application/json',
    body: Buffer.from(JSON.stringify(proposal)),
    expected: request.url.pathname.endsWith('/api/v1/log/entries') ? [201, 409] : [201],
    once: true,
    headersWithin: HEADERS_WITHIN,
    permit,
    signal: never,
  });
  if (answer.status !== 409) return answer;
  // A key that signs equal bytes identically finds its own entry of an earlier run.
  const there = answer.location === undefined ? null : URL.parse(answer.location, request.url.href);
  if (there?.origin !== request.url.origin)
    throw malformed(request, new Error('a 409 without the address of the entry'));
  return askService(fetch, { ...request, url: there, expected: [200], signal: never });
}

const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64');

/**
 * Builds a proposed entry: https://github.com/sigstore/rekor/tree/v1.5.3/pkg/types, hashedrekord 0.0.1 and dsse 0.0.1
 */
function proposed({ envelopeToJSON }: Libraries['bundle'], content: Bundle['content'], verifier: string): object {
  if (content.$case === 'dsseEnvelope') {
    // The log hashes these very bytes.
    const envelope = JSON.stringify(envelopeToJSON(content.dsseEnvelope));
    const spec = { proposedContent: { envelope, verifiers: [base64(verifier)] } };
    return { apiVersion: '0.0.1', kind: 'dsse', spec };
  }
  const { messageDigest, signature } = content.messageSignature;
  const data = { hash: { algorithm: 'sha256', value: messageDigest.digest.toString('hex') } };
  const signed = { content: base64(signature), publicKey: { content: base64(verifier) } };
  return { apiVersion: '0.0.1', kind: 'hashedrekord', spec: { data, signature: signed } };
}

/**
 * Rekor v2 accepts only hashedrekord; for an envelope it contains the hash of the signed bytes
 * (https://github.com/sigstore/rekor-tiles/pull/744).
 */
function created(
  { dsse, pem }: Libraries['core'],
  content: Bundle['content'],
  verifier: string,
  keyDetails: KeyDetails,
): object {
  const raw = { rawBytes: base64(pem.toDER(verifier)) };
  const isCertificate = verifier.includes('BEGIN CERTIFICATE');
  const [digest, signature] =
    content.$case === 'messageSignature'
      ? [content.messageSignature.messageDigest.digest, content.messageSignature.signature]
      : [
          createHash('sha256')
            .update(dsse.preAuthEncoding(content.dsseEnvelope.payloadType, content.dsseEnvelope.payload))
            .digest(),
          content.dsseEnvelope.signatures[0]?.sig ?? Buffer.alloc(0),
        ];
  return {
    hashedRekordRequestV002: {
      digest: base64(digest),
      signature: {
        content: base64(signature),
        verifier: { keyDetails, ...(isCertificate ? { x509Certificate: raw } : { publicKey: raw }) },
      },
    },
  };
}

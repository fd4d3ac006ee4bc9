import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { dsse } from '@sigstore/core';
import { initializeTLog } from '@sigstore/mock/dist/rekor/index.js';
import { ecKeys } from './keys.ts';
import { json, type Answer, type Routes } from './service.ts';

/** A log: its public key in DER, and what is logged in order. */
export type Log = { readonly routes: Routes; readonly publicKey: Buffer; readonly entries: readonly LoggedEntry[] };
/** `kind` is that of the entry, `digest` the SHA-256 in hex of what was signed, as far as the log knows it. */
export type LoggedEntry = { readonly kind: string; readonly digest: string };

type Proposal = {
  readonly kind: string;
  readonly spec: {
    readonly data?: { readonly hash: { readonly value: string } };
    readonly proposedContent?: { readonly envelope: string; readonly verifiers: readonly string[] };
  };
};
type Envelope = {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly { readonly sig: string }[];
};

/** A Rekor of the first version at `url`, by this clock; it keeps what it logs, and takes nothing twice. */
export async function rekorV1(now: () => number, url: string): Promise<Log> {
  const log = await initializeTLog(url, ecKeys());
  Object.assign(log, { getCurrentTime: now });
  const byUuid = new Map<string, unknown>();
  const uuids = new Map<string, string>();
  const entries: LoggedEntry[] = [];
  const add = async (proposal: Proposal): Promise<Answer> => {
    if (!isSigned(proposal)) return json(400, { code: 400, message: 'error processing entry: invalid signature' });
    const stored = storedForm(proposal);
    const id = sha256(JSON.stringify(stored));
    const known = uuids.get(id);
    const location = (uuid: string): string => `/api/v1/log/entries/${uuid}`;
    if (known !== undefined)
      return json(409, { code: 409, message: 'an equivalent entry already exists' }, { location: location(known) });
    const entry = await log.log(stored);
    const uuid = String(Object.keys(entry)[0]);
    uuids.set(id, uuid);
    byUuid.set(uuid, entry);
    entries.push({ kind: proposal.kind, digest: digestOf(stored) });
    // cosign crashes without the ETag.
    return json(201, entry, { etag: uuid, location: location(uuid) });
  };
  return {
    publicKey: log.publicKey,
    entries,
    routes: {
      'POST /api/v1/log/entries': ({ body }) => add(JSON.parse(body.toString('utf8')) as Proposal),
      'GET /api/v1/log/entries/*': ({ url: asked }) => {
        const entry = byUuid.get(asked.pathname.split('/').at(-1) ?? '');
        return entry === undefined ? json(404, { code: 404, message: 'entry not found' }) : json(200, entry);
      },
    },
  };
}

/** What Rekor keeps of an envelope: hashes and signatures (https://github.com/sigstore/rekor/tree/v1.5.3/pkg/types/dsse). */
function storedForm(proposal: Proposal): object {
  const { proposedContent } = proposal.spec;
  if (proposal.kind !== 'dsse' || proposedContent === undefined) return proposal;
  const { envelope, verifiers } = proposedContent;
  const { payload, signatures } = JSON.parse(envelope) as Envelope;
  const hash = (data: string | Buffer): object => ({ algorithm: 'sha256', value: sha256(data) });
  return {
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: {
      envelopeHash: hash(envelope),
      payloadHash: hash(Buffer.from(payload, 'base64')),
      signatures: signatures.map(({ sig }) => ({ signature: sig, verifier: verifiers[0] })),
    },
  };
}

/** A log has an envelope before it, and only a digest of anything else, over which Node verifies nothing. */
function isSigned({ spec: { proposedContent } }: Proposal): boolean {
  if (proposedContent === undefined) return true;
  const { payloadType, payload, signatures } = JSON.parse(proposedContent.envelope) as Envelope;
  const signed = dsse.preAuthEncoding(payloadType, Buffer.from(payload, 'base64'));
  const keys = proposedContent.verifiers.map((pem) => createPublicKey(Buffer.from(pem, 'base64').toString('utf8')));
  const hash = (key: KeyObject): string | null => (key.asymmetricKeyType === 'ed25519' ? null : 'sha256');
  return signatures.every(({ sig }) => keys.some((key) => verify(hash(key), signed, key, Buffer.from(sig, 'base64'))));
}

function digestOf(stored: object): string {
  const { spec } = stored as { spec: { payloadHash?: { value: string }; data?: { hash: { value: string } } } };
  return spec.payloadHash?.value ?? spec.data?.hash.value ?? '';
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

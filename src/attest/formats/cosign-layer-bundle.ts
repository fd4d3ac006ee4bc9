import { createHash } from 'node:crypto';
import type { Bundle, TransparencyLogEntry } from '@sigstore/bundle';
import { z } from 'zod';
import { ReasonError } from '../../errors.ts';
import { exactJson, parseJson } from '../../image/json.ts';
import { LEGACY } from './cosign-layer.ts';
import { certificatesIn } from './pem.ts';

type Annotations = Readonly<Record<string, string>>;

const Log = exactJson({
  SignedEntryTimestamp: z.string(),
  Payload: exactJson({
    body: z.string(),
    integratedTime: z.number(),
    logIndex: z.number(),
    logID: z.string(),
  }),
});
const Timestamp = exactJson({ SignedRFC3161Timestamp: z.string() });
const Kind = exactJson({ kind: z.string(), apiVersion: z.string() });
const Envelope = exactJson({
  payloadType: z.string(),
  payload: z.string(),
  signatures: z.array(exactJson({ keyid: z.string().nullish(), sig: z.string() })),
});

/**
 * Throws a ReasonError unless an envelope has one signature: with two, the signer of the statement would be ambiguous.
 */
export function checkSigners(count: number): void {
  if (count !== 1) throw new ReasonError(`its envelope has ${count === 0 ? 'no signature' : `${count} signatures`}`);
}

function parsed<T extends z.ZodType>(schema: T, bytes: Uint8Array, otherwise: string): z.output<T> {
  const { data, success } = schema.safeParse(parseJson(bytes));
  if (!success) throw new ReasonError(otherwise);
  return data;
}

/** Converts a `.sig` layer to a bundle for verification; throws if it is malformed. */
export function signatureAsBundle(payload: Uint8Array, annotations: Annotations): Bundle {
  const signature = Buffer.from(annotations[LEGACY.signature] ?? '', 'base64');
  const digest = createHash('sha256').update(payload).digest();
  const content: Bundle['content'] = {
    $case: 'messageSignature',
    // 1 is SHA2_256 in the protobuf specification
    messageSignature: { messageDigest: { algorithm: 1, digest }, signature },
  };
  return asBundle(content, annotations, stampOf(annotations));
}

/**
 * Converts an `.att` layer to a bundle. Omits its timestamp, which covers the whole envelope and which no bundle
 * verifier checks.
 */
export function attestationAsBundle(envelope: Uint8Array, annotations: Annotations): Bundle {
  const { payloadType, payload, signatures } = parsed(Envelope, envelope, 'it is not a DSSE envelope');
  checkSigners(signatures.length);
  const content: Bundle['content'] = {
    $case: 'dsseEnvelope',
    dsseEnvelope: {
      payloadType,
      payload: Buffer.from(payload, 'base64'),
      signatures: signatures.map(({ keyid, sig }) => ({ keyid: keyid ?? '', sig: Buffer.from(sig, 'base64') })),
    },
  };
  return asBundle(content, annotations, []);
}

type Stamps = readonly { readonly signedTimestamp: Buffer }[];

function asBundle(content: Bundle['content'], annotations: Annotations, stamps: Stamps): Bundle {
  const [leaf] = certificatesIn(annotations[LEGACY.certificate] ?? '');
  const key = { $case: 'publicKey', publicKey: { hint: '' } } as const;
  const log = annotations[LEGACY.log];
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    content,
    verificationMaterial: {
      content:
        leaf === undefined
          ? key
          : { $case: 'x509CertificateChain', x509CertificateChain: { certificates: [{ rawBytes: leaf }] } },
      tlogEntries: log === undefined ? [] : [entryOf(log)],
      timestampVerificationData: { rfc3161Timestamps: [...stamps] },
    },
  };
}

function entryOf(log: string): TransparencyLogEntry {
  const { SignedEntryTimestamp, Payload } = parsed(Log, Buffer.from(log), 'its log entry cannot be read');
  const canonicalizedBody = Buffer.from(Payload.body, 'base64');
  const { kind, apiVersion } = parsed(Kind, canonicalizedBody, 'its log entry cannot be read');
  return {
    logIndex: String(Payload.logIndex),
    logId: { keyId: Buffer.from(Payload.logID, 'hex') },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(Payload.integratedTime),
    inclusionPromise: { signedEntryTimestamp: Buffer.from(SignedEntryTimestamp, 'base64') },
    inclusionProof: undefined,
    canonicalizedBody,
  };
}

function stampOf(annotations: Annotations): Stamps {
  const text = annotations[LEGACY.timestamp];
  if (text === undefined) return [];
  const { SignedRFC3161Timestamp } = parsed(Timestamp, Buffer.from(text), 'its timestamp cannot be read');
  return [{ signedTimestamp: Buffer.from(SignedRFC3161Timestamp, 'base64') }];
}

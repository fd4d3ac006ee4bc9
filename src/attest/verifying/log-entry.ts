import { createHash, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { TransparencyLogEntry } from '@sigstore/bundle';
import { z } from 'zod';
import { ReasonError } from '../../errors.ts';
import { parseJson } from '../../image/json.ts';
import { blocksIn } from '../formats/pem.ts';

const V2Verifier = z.object({
  x509Certificate: z.object({ rawBytes: z.string() }).optional(),
  publicKey: z.object({ rawBytes: z.string() }).optional(),
});
type V2 = z.infer<typeof V2Verifier>;

// The entry types of Rekor: https://github.com/sigstore/rekor/tree/v1.5.3/pkg/types and https://github.com/sigstore/rekor-tiles
const Spec = z.looseObject({
  signature: z.object({ publicKey: z.object({ content: z.string() }) }).optional(),
  signatures: z.array(z.object({ verifier: z.string() })).optional(),
  publicKey: z.string().optional(),
  envelopeHash: z.object({ value: z.string() }).optional(),
  content: z
    .looseObject({
      hash: z.object({ value: z.string() }).optional(),
      envelope: z.object({ signatures: z.array(z.object({ publicKey: z.string() })) }).optional(),
    })
    .optional(),
  hashedRekordV002: z.object({ signature: z.object({ verifier: V2Verifier }) }).optional(),
  dsseV002: z.object({ signatures: z.array(z.object({ verifier: V2Verifier })) }).optional(),
});
const Body = z.object({ kind: z.string(), apiVersion: z.string(), spec: Spec });

/** The body of a log entry. */
type LogBody = z.infer<typeof Body>;

/** Parses the body of a log entry; throws if its kind is unknown. */
export function logBody(entry: TransparencyLogEntry): LogBody {
  const { data } = Body.safeParse(parseJson(entry.canonicalizedBody));
  if (data === undefined) throw new ReasonError('its log entry is of an unknown form');
  return data;
}

/** Returns the certificates and keys in DER under which the log accepted this entry. */
function loggedKeys({ spec }: LogBody): readonly Buffer[] {
  const texts = [
    spec.signature?.publicKey.content,
    ...(spec.signatures ?? []).map(({ verifier }) => verifier),
    spec.publicKey,
    ...(spec.content?.envelope?.signatures ?? []).map(({ publicKey }) => publicKey),
  ];
  const newer: readonly (V2 | undefined)[] = [
    spec.hashedRekordV002?.signature.verifier,
    ...(spec.dsseV002?.signatures ?? []).map(({ verifier }) => verifier),
  ];
  return [
    ...texts.flatMap((text) => (text === undefined ? [] : fromPem(Buffer.from(text, 'base64').toString('latin1')))),
    ...newer.flatMap((one) => {
      const raw = one?.x509Certificate?.rawBytes ?? one?.publicKey?.rawBytes;
      return raw === undefined ? [] : [Buffer.from(raw, 'base64')];
    }),
  ];
}

function fromPem(pem: string): readonly Buffer[] {
  return [...blocksIn(pem, 'CERTIFICATE'), ...blocksIn(pem, 'PUBLIC KEY')];
}

/** Returns true if the log accepted the entry under this certificate or key (DER) and no other. */
export function isLoggedUnder(entry: TransparencyLogEntry, der: Buffer): boolean {
  const keys = loggedKeys(logBody(entry));
  return keys.length > 0 && keys.every((key) => key.equals(der));
}

/** Returns the hash of the envelope that the entry is about, in hex, if it names one. */
export function envelopeHash({ spec }: LogBody): string | undefined {
  return spec.envelopeHash?.value ?? spec.content?.hash?.value;
}

/** Returns the public key of a key or certificate in DER (SPKI). */
export function spkiOf(key: KeyObject | X509Certificate): Buffer {
  const publicKey = key instanceof X509Certificate ? key.publicKey : key;
  return createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({ type: 'spki', format: 'der' });
}

/** Returns cosign's hint for a public key: the hash of its DER in base64. */
export function hintOf(key: KeyObject): string {
  return createHash('sha256').update(spkiOf(key)).digest('base64');
}

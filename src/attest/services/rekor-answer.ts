import type { TransparencyLogEntry } from '@sigstore/bundle';
import { z } from 'zod';

// https://github.com/sigstore/rekor/blob/v1.5.3/openapi.yaml, LogEntry
const V1 = z.record(
  z.string(),
  z.object({
    body: z.string(),
    integratedTime: z.number(),
    logID: z.string(),
    logIndex: z.number(),
    verification: z.object({
      signedEntryTimestamp: z.string(),
      inclusionProof: z
        .object({
          checkpoint: z.string(),
          hashes: z.array(z.string()),
          logIndex: z.number(),
          rootHash: z.string(),
          treeSize: z.number(),
        })
        .optional(),
    }),
  }),
);
const Kind = z.object({ kind: z.string(), apiVersion: z.string() });

/** Parses the entry in a response of Rekor v1; throws if the format is unexpected. */
export function entryOfV1(bytes: Uint8Array): TransparencyLogEntry {
  const [entry] = Object.values(V1.parse(JSON.parse(Buffer.from(bytes).toString('utf8'))));
  if (entry === undefined) throw new Error('no entry');
  const { inclusionProof: proof, signedEntryTimestamp } = entry.verification;
  const canonicalizedBody = Buffer.from(entry.body, 'base64');
  const { kind, apiVersion } = Kind.parse(JSON.parse(canonicalizedBody.toString('utf8')));
  return {
    logIndex: String(entry.logIndex),
    logId: { keyId: Buffer.from(entry.logID, 'hex') },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(entry.integratedTime),
    inclusionPromise: { signedEntryTimestamp: Buffer.from(signedEntryTimestamp, 'base64') },
    inclusionProof:
      proof === undefined
        ? undefined
        : {
            logIndex: String(proof.logIndex),
            treeSize: String(proof.treeSize),
            rootHash: Buffer.from(proof.rootHash, 'hex'),
            hashes: proof.hashes.map((hash) => Buffer.from(hash, 'hex')),
            checkpoint: { envelope: proof.checkpoint },
          },
    canonicalizedBody,
  };
}

// https://github.com/sigstore/protobuf-specs/blob/v0.5.1/protos/sigstore_rekor.proto, TransparencyLogEntry; int64 is text in JSON
const V2 = z.looseObject({
  logIndex: z.union([z.string(), z.number()]).optional(),
  logId: z.object({ keyId: z.string() }),
  kindVersion: z.object({ kind: z.string(), version: z.string() }),
  inclusionProof: z.looseObject({ checkpoint: z.object({ envelope: z.string() }) }),
  canonicalizedBody: z.string(),
});

/** Parses the entry in a response of Rekor v2; throws if the format is unexpected. */
export async function entryOfV2(bytes: Uint8Array): Promise<TransparencyLogEntry> {
  const { TransparencyLogEntry: Entry } = await import('@sigstore/protobuf-specs');
  const entry = Entry.fromJSON(V2.parse(JSON.parse(Buffer.from(bytes).toString('utf8'))));
  const { logId, kindVersion } = entry;
  if (logId === undefined || kindVersion === undefined) throw new Error('no log entry');
  return { ...entry, logId, kindVersion };
}

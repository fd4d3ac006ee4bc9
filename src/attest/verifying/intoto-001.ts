import { createHash, verify as verifyBytes } from 'node:crypto';
import type { SignedEntity, TrustMaterial } from '@sigstore/verify';
import type { VerifyLibraries } from './libraries.ts';
import { logBody } from './log-entry.ts';
import { TamperedError } from './tampered.ts';

type Entry = SignedEntity['tlogEntries'][number];

/**
 * Verifies the log's promise for an `intoto` 0.0.1 entry, which cosign before 2.2.3 wrote and the library does not
 * read. Returns the entity without that entry but with its time; undefined for an entry of another kind.
 */
export function intotoAnchored(
  { core }: Pick<VerifyLibraries, 'core'>,
  entity: SignedEntity,
  { tlogs }: Pick<TrustMaterial, 'tlogs'>,
  envelope: Uint8Array | undefined,
): SignedEntity | undefined {
  const [entry] = entity.tlogEntries;
  if (envelope === undefined || entry?.kindVersion.kind !== 'intoto' || entry.kindVersion.version !== '0.0.1')
    return undefined;
  const { kind, apiVersion, spec } = logBody(entry);
  const isAbout = spec.content?.hash?.value === createHash('sha256').update(envelope).digest('hex');
  if (kind !== 'intoto' || apiVersion !== '0.0.1' || !isAbout)
    throw new TamperedError('the log entry is not about this envelope');
  const at = new Date(Number(entry.integratedTime) * 1000);
  const promised = Buffer.from(core.json.canonicalize(promiseOf(entry)));
  const set = entry.inclusionPromise?.signedEntryTimestamp;
  const isPromised = tlogs.some(
    ({ logID, validFor, publicKey }) =>
      set !== undefined &&
      logID.equals(entry.logId.keyId) &&
      validFor.start <= at &&
      at <= validFor.end &&
      verifyBytes('sha256', promised, publicKey, set),
  );
  if (!isPromised) throw new TamperedError("the log's promise is invalid");
  return { ...entity, tlogEntries: [] };
}

function promiseOf(entry: Entry): Readonly<Record<string, string | number>> {
  return {
    body: entry.canonicalizedBody.toString('base64'),
    integratedTime: Number(entry.integratedTime),
    logIndex: Number(entry.logIndex),
    logID: entry.logId.keyId.toString('hex'),
  };
}

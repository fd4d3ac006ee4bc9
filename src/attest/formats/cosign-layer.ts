import type { Bundle, TransparencyLogEntry } from '@sigstore/bundle';
import { z } from 'zod';
import type { Digest } from '../../image/digest.ts';
import { exactJson, jsonIn } from '../../image/json.ts';
import { goJson } from './go-json.ts';
import { leafOf } from './leaf.ts';
import { pemOf } from './pem.ts';
import type { LegacySignature } from '../roles.ts';
import { VERSION } from './statement.ts';

/**
 * The annotations of a `.sig` or `.att` layer: https://github.com/sigstore/cosign/blob/v3.1.3/specs/SIGNATURE_SPEC.md
 */
export const LEGACY = {
  signature: 'dev.cosignproject.cosign/signature',
  certificate: 'dev.sigstore.cosign/certificate',
  chain: 'dev.sigstore.cosign/chain',
  log: 'dev.sigstore.cosign/bundle',
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
} as const;

/** Media type of a layer of a `.sig` image. */
export const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';

const TYPE = 'cosign container image signature';

/** Returns the payload of a signature, byte for byte as cosign and upstream write it; records `version` if given. */
export function signaturePayload(reference: string, digest: Digest, version?: string): Uint8Array {
  const critical = {
    identity: { 'docker-reference': reference },
    image: { 'docker-manifest-digest': digest },
    type: TYPE,
  };
  return Buffer.from(goJson({ critical, optional: version === undefined ? null : { [VERSION]: version } }));
}

const Payload = exactJson({
  critical: exactJson({
    identity: exactJson({ 'docker-reference': z.string() }),
    image: exactJson({ 'docker-manifest-digest': z.string() }),
    type: z.string(),
  }),
});

/** Parses a payload; returns undefined if it is not of an image signature. */
export function parsePayload(bytes: Uint8Array): { readonly reference: string; readonly digest: string } | undefined {
  const { data } = Payload.safeParse(jsonIn(bytes));
  if (data === undefined || data.critical.type !== TYPE) return undefined;
  const { identity, image } = data.critical;
  return { reference: identity['docker-reference'], digest: image['docker-manifest-digest'] };
}

/** Converts a bundle with a signature to a `.sig` layer. `chain` is in DER, from the leaf's issuer to the root. */
export function legacySignature(payload: Uint8Array, bundle: Bundle, chain: readonly Uint8Array[]): LegacySignature {
  const { content, verificationMaterial: material } = bundle;
  if (content.$case !== 'messageSignature') throw new Error('a .sig layer cannot contain an envelope');
  const leaf = leafOf(bundle);
  const [entry] = material.tlogEntries;
  const log = entry === undefined ? undefined : logAnnotation(entry);
  const annotations = {
    [LEGACY.signature]: content.messageSignature.signature.toString('base64'),
    ...(log !== undefined && { [LEGACY.log]: log }),
    ...(leaf !== undefined && { [LEGACY.certificate]: pemOf(leaf) }),
    ...(leaf !== undefined && chain.length > 0 && { [LEGACY.chain]: chain.map((one) => pemOf(one)).join('') }),
  };
  return { payload, annotations };
}

/**
 * Returns the annotation with the log's signed entry timestamp; an entry of Rekor v2 has none and cannot be converted.
 */
function logAnnotation(entry: TransparencyLogEntry): string | undefined {
  if (entry.inclusionPromise === undefined) return undefined;
  return goJson({
    SignedEntryTimestamp: entry.inclusionPromise.signedEntryTimestamp.toString('base64'),
    Payload: {
      body: entry.canonicalizedBody.toString('base64'),
      integratedTime: Number(entry.integratedTime),
      logIndex: Number(entry.logIndex),
      logID: entry.logId.keyId.toString('hex'),
    },
  });
}

import type { Bundle } from '@sigstore/bundle';
import type { Signer as LibrarySigner, Witness } from '@sigstore/sign';
import type { Reserve } from '../../http/fetch.ts';
import { hintOf } from '../verifying/log-entry.ts';
import type { Permit } from '../services/call.ts';
import type { Log } from '../services/rekor.ts';
import {
  checkLoggable,
  keyDetailsOf,
  publicHalf,
  signBytes,
  type KeySource,
  type SigningKey,
} from '../identity/signing-key.ts';
import { IN_TOTO } from '../formats/statement.ts';
import type { Stamper } from '../services/timestamp.ts';

/** Everything that makes a signature; a service that is undefined is skipped. */
export type Bundler = {
  readonly key: KeySource;
  readonly log?: Log | undefined;
  readonly stamp?: Stamper | undefined;
  readonly reserve: Reserve;
};

type Made = { readonly bundle: Bundle; readonly key: SigningKey };

/** The content to sign: a statement becomes an envelope, a payload is signed directly. */
type ToSign = { readonly kind: 'statement' | 'payload'; readonly bytes: Uint8Array };

/** Signs, timestamps and logs once. The timestamp comes before the log, so that no signature is logged if it fails. */
export async function makeBundle(bundler: Bundler, { kind, bytes }: ToSign, signal: AbortSignal): Promise<Made> {
  const { DSSEBundleBuilder, MessageSignatureBundleBuilder } = await import('@sigstore/sign');
  const { key, permit } = await prepared(bundler, signal);
  try {
    if (bundler.log !== undefined) checkLoggable(key, bundler.log.version, kind);
    // A .sig layer has the log's time; its readers ignore timestamps.
    const services = kind === 'statement' ? bundler : { ...bundler, stamp: undefined };
    const parts = { signer: librarySigner(key), witnesses: [witness(services, key, permit, signal)] };
    const data = Buffer.from(bytes);
    const bundle =
      kind === 'statement'
        ? await new DSSEBundleBuilder(parts).create({ data, type: IN_TOTO })
        : await new MessageSignatureBundleBuilder(parts).create({ data });
    return { bundle: hinted(bundle, key), key };
  } finally {
    permit?.release();
  }
}

/**
 * A certificate is valid for minutes: after this many permits that took longer, no further certificate is requested.
 */
const PERMITS = 3;

type Prepared = { readonly key: SigningKey; readonly permit: Permit | undefined };

/**
 * Gets the log's permit before signing: a signature that waited for one might reach the log after its certificate has
 * expired. Nothing else is waited for while holding the permit, or waiting callers could hold all slots.
 */
async function prepared({ key: source, log, reserve }: Bundler, signal: AbortSignal): Promise<Prepared> {
  for (let tries = 1; ; tries += 1) {
    const key = await source(signal);
    if (log === undefined) return { key, permit: undefined };
    const permit = await reserve(log.url, signal);
    if (key.isFresh() || tries === PERMITS) return { key, permit };
    permit.release();
  }
}

type Services = { readonly log?: Log | undefined; readonly stamp?: Stamper | undefined };

function witness({ log, stamp }: Services, key: SigningKey, permit: Permit | undefined, signal: AbortSignal): Witness {
  return {
    testify: async (content, verifier) => {
      const isPermitted = stamp?.url.origin === log?.url.origin;
      const signedTimestamp = await stamp?.stamp(signatureIn(content), isPermitted, signal);
      const rfc3161Timestamps = signedTimestamp === undefined ? [] : [{ signedTimestamp }];
      if (log === undefined || permit === undefined) return { rfc3161Timestamps };
      const entry = await log.add({ content, verifier, keyDetails: keyDetailsOf(key) }, permit);
      return { rfc3161Timestamps, tlogEntries: [entry] };
    },
  };
}

/** The key hint is stored outside the envelope only: as a key ID inside it, cosign would take it for another key. */
function hinted(bundle: Bundle, { isCertified, privateKey }: SigningKey): Bundle {
  const { content } = bundle.verificationMaterial;
  if (!isCertified && content.$case === 'publicKey') content.publicKey.hint = hintOf(publicHalf(privateKey));
  return bundle;
}

function librarySigner(key: SigningKey): LibrarySigner {
  const { verifier } = key;
  return {
    sign: async (data) => ({
      signature: signBytes(key, data),
      key: key.isCertified
        ? { $case: 'x509Certificate', certificate: verifier }
        : { $case: 'publicKey', publicKey: verifier },
    }),
  };
}

function signatureIn(content: Bundle['content']): Uint8Array {
  return content.$case === 'messageSignature'
    ? content.messageSignature.signature
    : (content.dsseEnvelope.signatures[0]?.sig ?? Buffer.alloc(0));
}

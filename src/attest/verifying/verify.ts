import { createHash, type KeyObject } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import type { TrustMaterial } from '@sigstore/verify';
import { z } from 'zod';
import { isPromotionError, PromotionError, ReasonError } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import { parseJson } from '../../image/json.ts';
import { judge, type JudgeOptions, type Signed } from './verify-bundle.ts';
import { attestationAsBundle, checkSigners, signatureAsBundle } from '../formats/cosign-layer-bundle.ts';
import { parsePayload } from '../formats/cosign-layer.ts';
import { encodedOnce } from './known-der.ts';
import { envelopeHash, logBody } from './log-entry.ts';
import type { BundleVerdict, LegacyVerdict, Verdict, Verifier } from '../roles.ts';
import { algorithmOf, IN_TOTO, isAbout, namesAlgorithm, parseStatement } from '../formats/statement.ts';
import { isContradiction, TamperedError } from './tampered.ts';

export type VerifierOptions = {
  /** The parsed JSON of a trusted root. */
  readonly trustedRoot: unknown;
  /** Trusted public keys. Default: none. */
  readonly keys?: readonly KeyObject[];
  /** Whether a signature of a key must be in a log. Default: true. */
  readonly requireLog?: boolean;
};

/** Creates a verifier that trusts this root; loads the libraries. Throws TRUST_ROOT if the root is invalid. */
export async function openVerifier({ trustedRoot, keys = [], requireLog = true }: VerifierOptions): Promise<Verifier> {
  const [verify, core, { bundleFromJSON }, { TrustedRoot }] = await Promise.all([
    import('@sigstore/verify'),
    import('@sigstore/core'),
    import('@sigstore/bundle'),
    import('@sigstore/protobuf-specs'),
  ]);
  const material = readable(() => encodedOnce(verify.toTrustMaterial(TrustedRoot.fromJSON(trustedRoot))));
  const options: JudgeOptions = { libraries: { verify, core }, material, keys, requireLog };
  return {
    bundle: (bytes, subject) =>
      reading(
        () => parseBundle(bytes, bundleFromJSON),
        (bundle) => attestation(options, { bundle }, subject),
      ),
    legacy: (signature, subject) => careful(() => legacy(options, signature, subject)),
    legacyAttestation: (envelope, annotations, subject) =>
      reading(
        () => attestationAsBundle(envelope, annotations),
        (bundle) => {
          checkEnvelopeHash(bundle, envelope);
          return attestation(options, { bundle, envelope }, subject);
        },
      ),
  };
}

function readable(parse: () => TrustMaterial): TrustMaterial {
  try {
    return parse();
  } catch (cause) {
    throw new PromotionError('TRUST_ROOT', 'reading the trusted root: unexpected format', {
      cause,
      hint: 'use a trusted_root.json as Sigstore publishes it',
    });
  }
}

function reading(read: () => Bundle, judging: (bundle: Bundle) => BundleVerdict): BundleVerdict {
  let bundle: Bundle;
  try {
    bundle = read();
  } catch (error) {
    return { status: 'unverifiable', reason: reasonOf(error), isFormless: true };
  }
  return careful(() => judging(bundle));
}

/** Returns a verdict for any error on untrusted bytes: unverifiable, or failed if they contradict a signature. */
function careful<T extends Verdict>(judging: () => T): T {
  try {
    return judging();
  } catch (error) {
    return { status: isContradiction(error) ? 'failed' : 'unverifiable', reason: reasonOf(error) } as T;
  }
}

/** Errors of Sigstore's libraries have codes such as TLOG_ERROR, and quote untrusted text. */
const SIGSTORE_CODE = /^[A-Z_]+_ERROR$/;
const LONGEST_REASON = 200;

/** Returns the reason in words; the text of other exceptions would not help a reader. */
function reasonOf(error: unknown): string {
  if (error instanceof ReasonError || isPromotionError(error)) return error.message;
  const isSigstores = error instanceof Error && 'code' in error && SIGSTORE_CODE.test(String(error.code));
  return isSigstores ? `${error.message.slice(0, LONGEST_REASON)} (${String(error.code)})` : 'it is malformed';
}

/** The bundle versions that can be verified: https://github.com/sigstore/protobuf-specs, sigstore_bundle.proto */
const KNOWN_BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle(?:\+json;\s*version=(?:v?0\.[123])|\.v0\.3\+json)$/;

const BundleJson = z.looseObject({
  mediaType: z.string(),
  dsseEnvelope: z.looseObject({ signatures: z.array(z.unknown()).nullish() }).nullish(),
});

/** Parses a bundle to the library's type; throws a ReasonError if it is invalid. */
function parseBundle(bytes: Uint8Array, read: (json: unknown) => Bundle): Bundle {
  const json = parseJson(bytes);
  const { data } = BundleJson.safeParse(json);
  if (data === undefined) throw new ReasonError('it is not a Sigstore bundle');
  if (!KNOWN_BUNDLE.test(data.mediaType))
    throw new ReasonError('its media type is not that of a known Sigstore bundle');
  if (data.dsseEnvelope) checkSigners(data.dsseEnvelope.signatures?.length ?? 0);
  try {
    return read(json);
  } catch {
    throw new ReasonError('it is not a valid Sigstore bundle');
  }
}

/** Limits a verdict to unverifiable, even if the signature is valid. */
function atMostUnverifiable(verdict: Verdict, reason: string): Verdict {
  return verdict.status === 'failed' ? verdict : { status: 'unverifiable', reason };
}

function attestation(options: JudgeOptions, signed: Signed, subject: Digest): BundleVerdict {
  const { content } = signed.bundle;
  if (content.$case !== 'dsseEnvelope') return { status: 'unverifiable', reason: 'it is not an attestation' };
  const { payloadType, payload } = content.dsseEnvelope;
  const statement = payloadType === IN_TOTO ? parseStatement(payload) : undefined;
  const judging = (): Verdict => careful(() => judge(options, signed));
  if (statement === undefined) return atMostUnverifiable(judging(), 'its payload is not an in-toto statement');
  const { predicateType } = statement;
  if (!namesAlgorithm(statement, subject))
    return { ...atMostUnverifiable(judging(), `it names no ${algorithmOf(subject)} digest`), predicateType };
  if (!isAbout(statement, subject)) return { status: 'failed', predicateType, reason: 'it is about another digest' };
  const verdict = judging();
  return { ...verdict, predicateType, statement: verdict.status === 'verified' ? statement : undefined };
}

function legacy(
  options: JudgeOptions,
  { payload, annotations }: Parameters<Verifier['legacy']>[0],
  subject: Digest,
): LegacyVerdict {
  const judging = (): Verdict =>
    careful(() => judge(options, { bundle: signatureAsBundle(payload, annotations), artifact: payload }));
  const claim = parsePayload(payload);
  if (claim === undefined) return atMostUnverifiable(judging(), 'its payload is not an image signature');
  const { reference, digest } = claim;
  if (digest !== subject) return { status: 'failed', reference, reason: 'it is about another digest' };
  return { ...judging(), reference };
}

/** The log entry must be about these very bytes, not only about their contents. */
function checkEnvelopeHash({ verificationMaterial }: Bundle, envelope: Uint8Array): void {
  const hash = createHash('sha256').update(envelope).digest('hex');
  for (const entry of verificationMaterial.tlogEntries) {
    if (entry.kindVersion.kind !== 'dsse') continue;
    const logged = envelopeHash(logBody(entry));
    if (logged !== undefined && logged !== hash) throw new TamperedError('the log entry is about another envelope');
  }
}

import { createHash, type KeyObject } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import type { TrustMaterial } from '@sigstore/verify';
import { isPromotionError, PromotionError, ReasonError } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import { parseJson } from '../image/json.ts';
import { judge, type JudgeOptions, type Signed } from './judge.ts';
import { attestationAsBundle, signatureAsBundle } from './legacy-bundle.ts';
import { parsePayload } from './legacy.ts';
import { envelopeHash, logBody } from './log-entry.ts';
import type { BundleVerdict, LegacyVerdict, Verdict, Verifier } from './roles.ts';
import { IN_TOTO, isAbout, parseStatement } from './statement.ts';

export type VerifierOptions = {
  /** The JSON of a trusted root, parsed. */
  readonly trustedRoot: unknown;
  /** Public keys that are trusted as they are; none unless given. */
  readonly keys?: readonly KeyObject[];
  /** Whether what was signed with a key must be in a log; yes unless given. */
  readonly requireLog?: boolean;
};

/** A verifier that trusts this root; loads the libraries. Throws TRUST_ROOT when the root is none. */
export async function openVerifier({ trustedRoot, keys = [], requireLog = true }: VerifierOptions): Promise<Verifier> {
  const [verify, core, { bundleFromJSON }, { TrustedRoot }] = await Promise.all([
    import('@sigstore/verify'),
    import('@sigstore/core'),
    import('@sigstore/bundle'),
    import('@sigstore/protobuf-specs'),
  ]);
  const material = readable(() => verify.toTrustMaterial(TrustedRoot.fromJSON(trustedRoot)));
  const options: JudgeOptions = { libraries: { verify, core }, material, keys, requireLog };
  const parse = (bytes: Uint8Array): Bundle => bundleFromJSON(parseJson(bytes));
  return {
    bundle: (bytes, subject) => careful(() => attestation(options, { bundle: parse(bytes) }, subject)),
    legacy: (signature, subject) => careful(() => legacy(options, signature, subject)),
    legacyAttestation: (envelope, annotations, subject) =>
      careful(() => {
        const bundle = attestationAsBundle(envelope, annotations);
        checkEnvelopeHash(bundle, envelope);
        return attestation(options, { bundle, envelope }, subject);
      }),
  };
}

function readable(parse: () => TrustMaterial): TrustMaterial {
  try {
    return parse();
  } catch (cause) {
    throw new PromotionError('TRUST_ROOT', 'reading the trusted root: it has another form', {
      cause,
      hint: 'give a trusted_root.json as Sigstore publishes it',
    });
  }
}

/** Whatever goes wrong with foreign bytes: they are not verified. */
function careful<T extends Verdict>(judging: () => T): T {
  try {
    return judging();
  } catch (error) {
    return { status: 'failed', reason: reasonOf(error) } as T;
  }
}

/** The errors of Sigstore's libraries have codes such as TLOG_ERROR, and repeat what was foreign. */
const SIGSTORE_CODE = /^[A-Z_]+_ERROR$/;
const LONGEST_REASON = 200;

/** Says what is wrong; the text of an exception says it to nobody. */
function reasonOf(error: unknown): string {
  if (error instanceof ReasonError || isPromotionError(error)) return error.message;
  if (error instanceof Error && error.name === 'ValidationError') return 'it is not a valid bundle';
  const isSigstores = error instanceof Error && 'code' in error && SIGSTORE_CODE.test(String(error.code));
  return isSigstores ? `${error.message.slice(0, LONGEST_REASON)} (${String(error.code)})` : 'it is malformed';
}

function attestation(options: JudgeOptions, signed: Signed, subject: Digest): BundleVerdict {
  const { content } = signed.bundle;
  if (content.$case !== 'dsseEnvelope') return { status: 'unverifiable', reason: 'it is no attestation' };
  if (content.dsseEnvelope.payloadType !== IN_TOTO)
    return { status: 'unverifiable', reason: 'its payload is no in-toto statement' };
  const statement = parseStatement(content.dsseEnvelope.payload);
  if (statement === undefined) return { status: 'failed', reason: 'its payload is no in-toto statement' };
  const { predicateType } = statement;
  if (!isAbout(statement, subject)) return { status: 'failed', predicateType, reason: 'it is about another digest' };
  const verdict = careful(() => judge(options, signed));
  return { ...verdict, predicateType, ...(verdict.status === 'verified' && { statement }) };
}

function legacy(
  options: JudgeOptions,
  { payload, annotations }: Parameters<Verifier['legacy']>[0],
  subject: Digest,
): LegacyVerdict {
  const claim = parsePayload(payload);
  if (claim === undefined) return { status: 'failed', reason: 'its payload is no image signature' };
  const { reference, digest } = claim;
  if (digest !== subject) return { status: 'failed', reference, reason: 'it is about another digest' };
  const verdict = careful(() => judge(options, { bundle: signatureAsBundle(payload, annotations), artifact: payload }));
  return { ...verdict, reference };
}

/** The log must have taken these bytes, not only what is in them. */
function checkEnvelopeHash({ verificationMaterial }: Bundle, envelope: Uint8Array): void {
  const hash = createHash('sha256').update(envelope).digest('hex');
  for (const entry of verificationMaterial.tlogEntries) {
    if (entry.kindVersion.kind !== 'dsse') continue;
    const logged = envelopeHash(logBody(entry));
    if (logged !== undefined && logged !== hash) throw new ReasonError('the log entry is about another envelope');
  }
}

import type { Verdict, Verifier } from '../roles.ts';

/** A verifier for a single trust root, and the name of that root. */
type RootVerifier = { readonly name: string; readonly verifier: Verifier };

/**
 * Creates a verifier for several trust roots: a signature is verified if one of them verifies it. Each judges the whole
 * signature alone, so that a certificate of one root never combines with a log or timestamp of another.
 */
export function anyRoot(roots: readonly RootVerifier[]): Verifier {
  const [only, ...others] = roots;
  if (only !== undefined && others.length === 0) return only.verifier;
  const judged = <T extends Verdict>(judge: (verifier: Verifier) => T): T =>
    together(roots.map(({ name, verifier }) => ({ name, verdict: judge(verifier) })));
  return {
    bundle: (...given) => judged((verifier) => verifier.bundle(...given)),
    legacy: (...given) => judged((verifier) => verifier.legacy(...given)),
    legacyAttestation: (...given) => judged((verifier) => verifier.legacyAttestation(...given)),
  };
}

/**
 * A failure under one root counts unless another root verifies the signature: a root that does not know it reports
 * `unverifiable`.
 */
function together<T extends Verdict>(all: readonly { readonly name: string; readonly verdict: T }[]): T {
  const verdicts = all.map(({ verdict }) => verdict);
  const found = (status: Verdict['status']): T | undefined => verdicts.find((verdict) => verdict.status === status);
  const decisive = found('verified') ?? found('failed') ?? found('unverifiable');
  if (decisive === undefined) throw new Error('no trust root is configured');
  if (decisive.status === 'verified') return decisive;
  const reasons = new Set(verdicts.map(({ reason }) => reason));
  if (reasons.size === 1) return decisive;
  return {
    ...decisive,
    reason: all.map(({ name, verdict: { reason = 'verification failed' } }) => `${name}: ${reason}`).join('; '),
  };
}

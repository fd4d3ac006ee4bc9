import type { Verdict, Verifier } from '../roles.ts';

/** A verifier that trusts one root alone, and the name of that root. */
export type RootVerifier = { readonly name: string; readonly verifier: Verifier };

/**
 * Judges by several trust roots: what one of them verifies is verified. Each judges the whole signature by itself, so that never
 * the certificate counts by one and the log or time stamp by another.
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

/** What contradicts a signature by one root counts, unless another verifies it: the rest only say that they do not know it. */
function together<T extends Verdict>(all: readonly { readonly name: string; readonly verdict: T }[]): T {
  const verdicts = all.map(({ verdict }) => verdict);
  const found = (status: Verdict['status']): T | undefined => verdicts.find((verdict) => verdict.status === status);
  const decisive = found('verified') ?? found('failed') ?? found('unverifiable');
  if (decisive === undefined) throw new Error('there is no trust root');
  if (decisive.status === 'verified') return decisive;
  const reasons = new Set(verdicts.map(({ reason }) => reason));
  if (reasons.size === 1) return decisive;
  return {
    ...decisive,
    reason: all.map(({ name, verdict: { reason = 'it does not verify' } }) => `${name}: ${reason}`).join('; '),
  };
}

import { isPromotionError } from '../errors.ts';
import type { Verdict, Verifier } from './roles.ts';
import { openVerifier } from './verify.ts';

type Open = (signal: AbortSignal) => Promise<Verifier>;

/**
 * Opens a verifier, or where whom to trust cannot be found out, one that says so of everything: `tell` is told why, once.
 * What is about another digest is known to be wrong without anybody's trust.
 */
export function withoutTrust(open: Open, tell: (reason: string) => void): Open {
  let opened: Promise<Verifier> | undefined;
  const openOr = async (signal: AbortSignal): Promise<Verifier> => {
    try {
      return await open(signal);
    } catch (error) {
      if (!isPromotionError(error, 'TRUST_ROOT') || signal.aborted) throw error;
      tell(error.message);
      return blindVerifier(`whom to trust is not known: ${error.message}`);
    }
  };
  return (signal) => (opened ??= openOr(signal));
}

/** A verifier that trusts nobody, and gives this reason. */
export async function blindVerifier(reason: string): Promise<Verifier> {
  const { bundle, legacy, legacyAttestation } = await openVerifier({ trustedRoot: {} });
  const explained = <T extends Verdict>(verdict: T): T =>
    verdict.status === 'unverifiable' ? { ...verdict, reason } : verdict;
  return {
    bundle: (...given) => explained(bundle(...given)),
    legacy: (...given) => explained(legacy(...given)),
    legacyAttestation: (...given) => explained(legacyAttestation(...given)),
  };
}

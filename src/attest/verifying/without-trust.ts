import type { Clock } from '../../clock.ts';
import { isPromotionError, PromotionError } from '../../errors.ts';
import type { LaterVerifier, OpenVerifier, Verdict, Verifier } from '../roles.ts';
import { openVerifier } from './verify.ts';

/**
 * How long informative verification waits for a trust root, in milliseconds: a cold TUF cache takes five small
 * requests.
 */
const INFORMS_WITHIN = 10_000;

/** Reason of every `unverifiable` verdict after the run has warned that there is no trust root. */
export const NOT_LOADED = 'not verified: the trust root could not be loaded';

type Patience = {
  readonly clock: Pick<Clock, 'limit'>;
  /** Called with the reason when the trust root cannot be loaded, once for each need. */
  readonly onMissingTrust: (reason: string) => void;
};

/**
 * Opens a verifier. If the trust root cannot be loaded, returns one that reports every signature as `unverifiable`,
 * which still recognises statements about another digest. What only informs gives up after 10 s.
 */
export function withoutTrust(
  open: (signal: AbortSignal) => Promise<Verifier>,
  { clock, onMissingTrust }: Patience,
): OpenVerifier {
  const opened = new Map<string, Promise<Verifier>>();
  const openOr = async (signal: AbortSignal, need: 'judge' | 'inform'): Promise<Verifier> => {
    try {
      return await (need === 'judge' ? open(signal) : openWithin(clock, open, signal));
    } catch (error) {
      if (!isPromotionError(error, 'TRUST_ROOT') || signal.aborted) throw error;
      onMissingTrust(error.message);
      return verifierWithoutTrust(NOT_LOADED);
    }
  };
  return (signal, need) => {
    const opening = opened.get(need) ?? openOr(signal, need);
    opened.set(need, opening);
    return opening;
  };
}

async function openWithin(
  clock: Patience['clock'],
  open: (signal: AbortSignal) => Promise<Verifier>,
  signal: AbortSignal,
): Promise<Verifier> {
  const deadline = new AbortController();
  const late = new PromotionError('TRUST_ROOT', `no response within ${INFORMS_WITHIN / 1000} s`);
  const cancel = clock.limit(INFORMS_WITHIN, () => deadline.abort(late));
  try {
    return await open(AbortSignal.any([signal, deadline.signal]));
  } finally {
    cancel();
  }
}

/** Creates a verifier that is opened at the first signature; without signatures it never is. */
export function laterVerifier(open: () => Promise<Verifier>): LaterVerifier {
  return {
    bundle: async (...given) => (await open()).bundle(...given),
    legacy: async (...given) => (await open()).legacy(...given),
    legacyAttestation: async (...given) => (await open()).legacyAttestation(...given),
  };
}

/** Creates a verifier without trust, which gives this reason. */
export async function verifierWithoutTrust(reason: string): Promise<Verifier> {
  const { bundle, legacy, legacyAttestation } = await openVerifier({ trustedRoot: {} });
  const explained = <T extends Verdict>(verdict: T): T =>
    verdict.status === 'unverifiable' ? { ...verdict, reason } : verdict;
  return {
    bundle: (...given) => explained(bundle(...given)),
    legacy: (...given) => explained(legacy(...given)),
    legacyAttestation: (...given) => explained(legacyAttestation(...given)),
  };
}

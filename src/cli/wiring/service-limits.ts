import type { Services } from '../../attest/services/config.ts';
import type { LimitSettings } from '../../config/config.ts';

/** Rate limits of signing services, whose addresses are known only when a run signs. */
export type ServiceLimits = {
  /** Sets the service of an origin; called before the first request. */
  set(origin: string, service: keyof Services): void;
  /** Empty if the origin is not a signing service. */
  of(origin: string): LimitSettings;
};

/**
 * The public Rekor allowed 500 requests a minute (https://github.com/chainguard-dev/terraform-provider-cosign/issues/54).
 * An entry of Rekor v2 takes 1 to 11 s, one or 64 at a time.
 */
const LIMITS: Readonly<Record<keyof Services, LimitSettings>> = {
  fulcio: {},
  rekor: { start: 8, concurrency: 64 },
  timestamp: { concurrency: 64 },
};

/** Creates limits without any known service. */
export function serviceLimits(): ServiceLimits {
  const known = new Map<string, LimitSettings>();
  return {
    // If services share an origin, the limits of the log apply.
    set: (origin, service) => void known.set(origin, { ...LIMITS[service], ...known.get(origin) }),
    of: (origin) => known.get(origin) ?? {},
  };
}

import type { Services } from '../../attest/services/config.ts';
import type { LimitSettings } from '../../config/config.ts';

/** How fast signing services may be asked, which are known only when a run signs. */
export type ServiceLimits = {
  /** To be called before the first request to that origin. */
  told(origin: string, service: keyof Services): void;
  /** Empty for what is no signing service. */
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

/** Limits of no service yet. */
export function serviceLimits(): ServiceLimits {
  const known = new Map<string, LimitSettings>();
  return {
    // Of services that share an origin the log has the say.
    told: (origin, service) => void known.set(origin, { ...LIMITS[service], ...known.get(origin) }),
    of: (origin) => known.get(origin) ?? {},
  };
}

import { coversRegistry, type Pattern } from '../../image/pattern.ts';
import { hostOf } from '../../image/reference.ts';

/** The host on which upstream signs, and from which it replicates. */
export const UPSTREAM_PRIMARY = 'us-central1-docker.pkg.dev';

/**
 * Returns the destination that is signed and copied to the others: the first that `chosen` covers, else the first on
 * upstream's primary host, else the first. Follows the listed order, so that a mirror added at the end changes nothing.
 * Undefined without destinations.
 */
export function primaryOf(destinations: readonly string[], chosen?: Pattern): string | undefined {
  return (
    (chosen && destinations.find((name) => coversRegistry(chosen, name))) ??
    destinations.find((name) => hostOf(name).toLowerCase() === UPSTREAM_PRIMARY) ??
    destinations[0]
  );
}

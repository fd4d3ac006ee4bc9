import { coversRegistry, type Pattern } from '../../image/pattern.ts';
import { hostOf } from '../../image/reference.ts';

/** Where upstream signs, and whence it replicates. */
export const UPSTREAM_PRIMARY = 'us-central1-docker.pkg.dev';

/**
 * Returns the one of an image's destinations that is signed and that the others follow: the first that `chosen` covers,
 * else the first on upstream's primary host, else the first; all as listed, so that a mirror which is added at the end
 * changes nothing. Undefined if there are no destinations.
 */
export function primaryOf(destinations: readonly string[], chosen?: Pattern): string | undefined {
  return (
    (chosen && destinations.find((name) => coversRegistry(chosen, name))) ??
    destinations.find((name) => hostOf(name).toLowerCase() === UPSTREAM_PRIMARY) ??
    destinations[0]
  );
}

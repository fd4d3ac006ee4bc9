import type { Pattern } from '../image/pattern.ts';
import { hostOf } from '../image/reference.ts';

/** Where upstream signs, and whence it replicates. */
const UPSTREAM_PRIMARY = 'us-central1-docker.pkg.dev';

/**
 * The one of an image's destinations that is signed first and that the others follow: what `chosen` covers, else the
 * one of upstream's primary host, else the first by name; of several that qualify the first by name. Undefined when
 * there are no destinations.
 */
export function primaryOf(destinations: readonly string[], chosen?: Pattern): string | undefined {
  const byName = destinations.toSorted();
  return (
    byName.find((name) => chosen?.matches(name) === true) ??
    byName.find((name) => hostOf(name).toLowerCase() === UPSTREAM_PRIMARY) ??
    byName[0]
  );
}

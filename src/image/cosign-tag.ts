import type { Digest } from './digest.ts';

/** Returns cosign's tag for the signatures (`sig`) or the attestations (`att`) of a digest. */
export function cosignTag(digest: Digest, what: 'sig' | 'att'): string {
  return `${digest.replace(':', '-')}.${what}`;
}

import { PromotionError } from '../../errors.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import type { RepositoryListing } from '../roles.ts';

/**
 * Counts the list entries that a run keeps in memory: each list may be within its limit, and all together still too
 * large.
 */
export type KeptLists = {
  /**
   * Counts these entries; throws REGISTRY_PROTOCOL if one host has too many. Returns the function that releases them.
   */
  keep(of: RepositoryName, entries: number): () => void;
};

/** Creates a counter that permits `most` names and digests for each host. */
export function keptLists(most: number): KeptLists {
  const kept = new Map<string, number>();
  return {
    keep: (of, entries) => {
      const host = hostOf(of);
      const now = (kept.get(host) ?? 0) + entries;
      if (now > most) throw tooMany(of, most);
      kept.set(host, now);
      return () => void kept.set(host, (kept.get(host) ?? 0) - entries);
    },
  };
}

/** Returns the number of names and digests in a listing. */
export function entriesOf(listing: RepositoryListing): number {
  if (listing.kind === 'tags') return listing.tags.size;
  return [...listing.manifests.values()].reduce((sum, { tags }) => sum + 1 + tags.length, 0);
}

function tooMany(of: RepositoryName, most: number): PromotionError {
  return new PromotionError(
    'REGISTRY_PROTOCOL',
    `with ${of}, the lists of ${hostOf(of)} exceed the limit of a run: ${most} tags and digests`,
    { hint: 'read it in parts: name fewer projects, or a repository instead of a whole registry' },
  );
}

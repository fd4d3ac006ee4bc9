import { PromotionError } from '../../errors.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import type { RepositoryListing } from '../roles.ts';

/** Counts what a run keeps of lists after they were read: each may be within its limit, and all together still too much. */
export type KeptLists = {
  /** Counts so many; throws REGISTRY_PROTOCOL if they are too many of one host. Returns what gives them back. */
  keep(of: RepositoryName, entries: number): () => void;
};

/** Keeps so many names and digests of each host. */
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

/** How many names and digests a listing has. */
export function entriesOf(listing: RepositoryListing): number {
  if (listing.kind === 'tags') return listing.tags.size;
  return [...listing.manifests.values()].reduce((sum, { tags }) => sum + 1 + tags.length, 0);
}

function tooMany(of: RepositoryName, most: number): PromotionError {
  return new PromotionError(
    'REGISTRY_PROTOCOL',
    `with ${of} the lists of ${hostOf(of)} have more than a run keeps: ${most} tags and digests`,
    { hint: 'read it in parts: give fewer projects, or a repository instead of a whole registry' },
  );
}

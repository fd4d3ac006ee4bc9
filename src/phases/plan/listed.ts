import type { RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import { listingDigest } from '../../plan/believed/wanted-set.ts';
import type { Lack } from '../../plan/compare.ts';
import { byImage } from '../../plan/desired/assemble.ts';
import type { RegistryReader } from '../../registry/roles.ts';
import { askLacks } from './ask-lacks.ts';
import type { PlanServices } from './services.ts';

/** Reads a repository with a reader that computes the digest of its listing, and returns that. */
export async function listedBy(
  registry: RegistryReader,
  read: (reader: RegistryReader) => Promise<void>,
): Promise<string | undefined> {
  let listed: string | undefined;
  await read({
    ...registry,
    listRepository: async (...asked) => {
      const listing = await registry.listRepository(...asked);
      listed = listingDigest(listing);
      return listing;
    },
  });
  return listed;
}

/** Returns the repositories that lack something even if each tag is requested: lists may be stale or cut. */
export async function stillLacking(
  services: Pick<PlanServices, 'registry' | 'traffic'>,
  lacks: readonly Lack[],
  context: Context,
): Promise<readonly RepositoryName[]> {
  const { pending } = await askLacks(services, byImage(lacks), () => true, context);
  return [...new Set([...pending.values()].flat().map(({ repository }) => repository))];
}

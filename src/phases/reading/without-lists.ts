import { failureOf, type Failure, type PromotionError } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import { noLists } from '../../registry/attaching/attacher.ts';
import type { RegistryReader } from '../../registry/roles.ts';
import { caught } from '../caught.ts';
import type { Traffic } from './traffic.ts';

type Services = { readonly registry: RegistryReader; readonly traffic: Traffic };

/** A digest that something may be attached to, on its primary. */
type Place = { readonly repository: RepositoryName; readonly digest: Digest };

/** Returns why nothing can be attached to images of a repository, or undefined. */
type UnlistedOf = (repository: RepositoryName) => PromotionError | undefined;

/** Repositories tried on a host: one that does not exist yet does not show whether the host has the API. */
const MOST_ASKED = 8;

/**
 * Finds the primaries of these places that have no referrers API: what is attached there could not be routed. One that does
 * not tell is left to whoever attaches something. A host with the API costs one request.
 */
export async function withoutLists(
  { registry, traffic }: Services,
  places: readonly Place[],
  context: Context,
): Promise<UnlistedOf> {
  const unlisted = new Map<string, PromotionError>();
  const ask = async (host: string, those: readonly Place[]): Promise<void> => {
    for (const { repository, digest } of those.slice(0, MOST_ASKED)) {
      const call = { signal: context.signal, meter: traffic.of(repository) };
      // a list that is there answers the question, too; a host that does not answer is not asked again
      try {
        await registry.listReferrers(repository, digest, call);
      } catch (error) {
        caught(error, context);
        return;
      }
      const keeps = await registry.keepsReferrers(repository, digest, call);
      if (keeps === false) unlisted.set(host, noLists(host));
      if (keeps !== undefined) return;
    }
  };
  const byHost = Map.groupBy(places, ({ repository }) => hostOf(repository));
  await Promise.all([...byHost].map(([host, those]) => ask(host, those)));
  return (repository) => unlisted.get(hostOf(repository));
}

/** Returns each reason once, as a failure of the plan. */
export function unlistedFailures(repositories: readonly RepositoryName[], unlistedOf: UnlistedOf): readonly Failure[] {
  return [...new Set(repositories.flatMap((repository) => unlistedOf(repository) ?? []))].map((error) =>
    failureOf('plan', error),
  );
}

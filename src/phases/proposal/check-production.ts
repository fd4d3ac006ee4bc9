import { PromotionError } from '../../errors.ts';
import { joinRepository, type RepositoryName } from '../../image/reference.ts';
import type { Project } from '../../manifest/manifest.ts';
import type { Context } from '../../pipeline/phase.ts';
import { readInventory } from '../../registry/inventory.ts';
import type { ManifestReader, TagLister } from '../../registry/roles.ts';
import { few } from '../../text/layout.ts';
import { pushTo, readByHost } from '../reading/read-by-host.ts';
import { unreadable } from '../reading/unreadable.ts';
import type { Chosen } from './staging/choose.ts';

/** Returns a sentence for each tag that is another digest on a mirror. Throws if a mirror cannot be read: a tag may move there. */
export async function movesInProduction(
  registry: TagLister & ManifestReader,
  { destinations }: Project,
  fresh: readonly Chosen[],
  context: Context,
): Promise<readonly string[]> {
  const asked = Map.groupBy(fresh, ({ name }) => name);
  const places = new Map<RepositoryName, readonly Chosen[]>();
  for (const { name: mirror } of destinations)
    for (const [name, chosen] of asked) places.set(joinRepository(mirror, name), chosen);
  const moves = new Map<string, RepositoryName[]>();
  const read = async (repository: RepositoryName): Promise<void> => {
    const chosen = places.get(repository) ?? [];
    const wanted = chosen.map(({ digest, tag }) => ({ digest, tags: [tag] }));
    const { digestOf } = await readInventory(registry, repository, wanted, {
      signal: context.signal,
      destination: 'compared',
    });
    for (const { name, tag, digest } of chosen) {
      const current = digestOf(tag);
      if (current !== undefined && current !== digest)
        pushTo(moves, `${name}:${tag} is ${current} in production, and would become ${digest}`, `${repository}:${tag}`);
    }
  };
  const errors = await readByHost('destination', [...places.keys()], read, context);
  const [failure, ...others] = unreadable(errors);
  if (failure !== undefined) {
    const more = others.map(({ message }) => `; ${message}`).join('');
    const message = `whether a tag would move is unknown: ${failure.message}${more}`;
    throw new PromotionError(failure.code, message, { hint: failure.hint });
  }
  return [...moves].map(([text, refs]) => `${text} (${few(refs.toSorted())})`);
}

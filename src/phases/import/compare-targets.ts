import { failureOf } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { ManifestReader, TagLister } from '../../registry/roles.ts';
import { readByHost } from '../reading/read-by-host.ts';
import { keepPlatforms } from './keep-platforms.ts';
import { readTags } from './read-tags.ts';
import type { Step, Wanted } from './wanted.ts';

/**
 * Leaves out each tag that is another digest at the target. A tag there that is one platform of the source's index stays
 * what it is. A target that cannot be read is a failure, and its tags are wanted nevertheless.
 */
export async function compareTargets(
  registry: TagLister & ManifestReader,
  wanted: readonly Wanted[],
  context: Context,
): Promise<Step> {
  const byTarget = Map.groupBy(wanted, ({ target }) => target);
  const differing = new Map<Wanted, Digest>();
  const read = async (target: string): Promise<void> => {
    const own = byTarget.get(target) ?? [];
    const names = new Set(own.map(({ tag }) => tag));
    const tags = await readTags(registry, target, (tag) => names.has(tag), { ...context, destination: 'compared' });
    for (const one of own) {
      const current = one.tag === undefined ? undefined : tags.get(one.tag)?.digest;
      if (current !== undefined && current !== one.digest) differing.set(one, current);
    }
  };
  const errors = await readByHost('destination', [...byTarget.keys()], read, context);
  const unread = [...errors].flatMap(([target, { message, ...error }]) => {
    const at = byTarget.get(target)?.[0]?.at;
    return at === undefined
      ? []
      : [
          failureOf(
            'import',
            { ...error, message: `whether tags of ${target} would move is unknown: ${message}` },
            { at },
          ),
        ];
  });
  const results = await keepPlatforms(registry, wanted, differing, context);
  return { ...results, failures: [...unread, ...results.failures] };
}

import { PromotionError, UNREACHABLE } from '../../errors.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Context } from '../../pipeline/phase.ts';
import { caught } from '../caught.ts';
import { progressOf } from './progress.ts';

/**
 * Requests about one repository, or repositories of one registry, at once: as many as one origin is sent at most
 * (src/http/stack.ts). More would wait in line, and for a registry that hangs each line waits as long as the first one.
 */
export const REQUESTS_AT_ONCE = 20;

/**
 * All of the places above for 22 registries, as many as production has: at a round trip of 150 ms fewer would keep the rate
 * below what registries allow. They cost memory: 45,628 images on 22 mirrors peak at 236 MiB with 128, and at 252 to 267 MiB
 * with these. Shared evenly, so that a registry that hangs holds up no other.
 */
const MOST_AT_ONCE = 22 * REQUESTS_AT_ONCE;

/** Returns true for an error that the other repositories of the registry would cause as well. */
export function isHostDown({ code }: PromotionError): boolean {
  return UNREACHABLE.includes(code);
}

/**
 * Reads repositories, all registries side by side. One that cannot be read is a failure; a registry that is
 * down fails with all its repositories at once, and the others go on.
 */
export async function readByHost(
  side: 'source' | 'destination',
  repositories: readonly RepositoryName[],
  read: (repository: RepositoryName) => Promise<void>,
  context: Context,
): Promise<ReadonlyMap<RepositoryName, PromotionError>> {
  const errors = new Map<RepositoryName, PromotionError>();
  const hosts = Map.groupBy(repositories, hostOf);
  const advance = progressOf('repositories', repositories.length, context);
  let done = 0;
  let left = hosts.size;
  const atOnce = (): number => Math.min(REQUESTS_AT_ONCE, Math.floor(MOST_AT_ONCE / left));
  const readHost = async (names: readonly RepositoryName[]): Promise<void> => {
    let down: PromotionError | undefined;
    await eachOf(names, atOnce, async (repository) => {
      try {
        if (down !== undefined) throw down;
        await read(repository);
        done += 1;
        context.emit({ type: 'repository-read', repository, done, of: repositories.length });
      } catch (error) {
        const failure = caught(error, context);
        if (isHostDown(failure)) down = failure;
        errors.set(repository, onSide(side, failure));
      }
      advance(errors.size);
    });
    left -= 1;
  };
  await Promise.all([...hosts.values()].map(readHost));
  return errors;
}

function onSide(side: 'source' | 'destination', cause: PromotionError): PromotionError {
  const { code, message, hint } = cause;
  return new PromotionError(code, message, { side, cause, hint });
}

/** Adds to the list that a map holds for a key. */
export function pushTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

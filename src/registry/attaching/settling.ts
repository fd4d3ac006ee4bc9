import pLimit from 'p-limit';
import { asPromotionError, type PromotionError } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Call } from '../roles.ts';
import type { SubjectLock } from './lock.ts';
import { updateTag, type TagChange, type TagRegistry } from './tag-update.ts';

/** A tag that was written, as it was left, and its change. */
type Written = {
  readonly repository: RepositoryName;
  readonly tag: string;
  readonly digest: Digest;
  readonly change: TagChange;
};

/** The tags that a run has written, to be read again. */
export type Settling = {
  /** Notes a written tag. If there are too many, reads the oldest again at once. */
  note(written: Written, call: Call): Promise<void>;
  /**
   * Reads the tags again that were written: a job without a common lock may have replaced one with what it had read
   * before. Then makes the changes again. Returns the errors of tags that could not be read or changed.
   */
  settle(callOf: (repository: RepositoryName) => Call): Promise<readonly PromotionError[]>;
};

/** More are not kept for later: their changes hold what was attached. */
const MOST_LEFT = 1000;

/** Tags that are read again at the same time: the number of concurrent requests to a registry. */
const AT_ONCE = 20;

type Left = Omit<Written, 'change'> & { readonly changes: readonly TagChange[] };

/** Starts without written tags. With a lock that all jobs share, none needs to be read again. */
export function settling(registry: TagRegistry, lock: SubjectLock): Settling {
  const left = new Map<string, Left>();
  const settleOne = async ({ repository, tag, digest, changes }: Left, call: Call): Promise<void> => {
    const there = await registry.resolveManifest(repository, tag, call);
    if (there?.digest === digest) return;
    for (const change of changes) await updateTag(registry, lock, repository, tag, change, call);
  };
  return {
    note: async ({ change, ...written }, call) => {
      if (lock.isShared) return;
      const name = `${written.repository}:${written.tag}`;
      left.set(name, { ...written, changes: [...(left.get(name)?.changes ?? []), change] });
      const [oldest] = left.size > MOST_LEFT ? left : [];
      if (oldest === undefined) return;
      left.delete(oldest[0]);
      await settleOne(oldest[1], call);
    },
    settle: async (callOf) => {
      const few = pLimit(AT_ONCE);
      const all = [...left.values()].map((one) =>
        few(async () => {
          const call = callOf(one.repository);
          return settleOne(one, call).then(
            () => [],
            (error: unknown) => [asPromotionError(error, call.signal)],
          );
        }),
      );
      left.clear();
      return (await Promise.all(all)).flat();
    },
  };
}

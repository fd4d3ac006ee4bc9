import type { Failure, PromotionError } from '../../errors.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { RegistryReader } from '../../registry/roles.ts';
import { viewDigest } from '../../mirroring/client-view.ts';
import { caught } from '../caught.ts';
import type { PlannedCheck } from '../sigcheck/checked-images.ts';
import { progressOf } from '../reading/progress.ts';
import { isHostDown } from '../reading/read-by-host.ts';
import type { Traffic } from '../reading/traffic.ts';
import { wrongLinks } from './results.ts';

export type ViewServices = {
  readonly registry: RegistryReader;
  readonly traffic: Traffic;
  /** Digests in work at once. */
  readonly concurrency: number;
};

export type Seen = {
  /** Links that were followed, and a failure for each that is broken. */
  readonly followed: number;
  readonly broken: readonly Failure[];
  /** The number of images that their primary holds, and those that it does not. */
  readonly viewed: number;
  readonly absent: readonly PlannedCheck[];
  readonly unread: ReadonlyMap<RepositoryName, PromotionError>;
};

/** Reads images through the names that clients use. A name that cannot be reached is a failure, and gets no more requests. */
export async function viewImages(
  { registry, traffic, concurrency }: ViewServices,
  checks: readonly PlannedCheck[],
  context: Context,
): Promise<Seen> {
  const callTo = (repository: RepositoryName) => ({ signal: context.signal, meter: traffic.of(repository) });
  const broken = new Map<PlannedCheck, readonly Failure[]>();
  const absent: PlannedCheck[] = [];
  const unread = new Map<RepositoryName, PromotionError>();
  const down = new Map<string, PromotionError>();
  const advance = progressOf('images', checks.length, context);
  let [followed, viewed] = [0, 0];
  await eachOf(checks, concurrency, async (check) => {
    const { through = check.reference } = check;
    const error = down.get(hostOf(through));
    try {
      if (error !== undefined) throw error;
      const seen = await viewDigest({ registry, callTo }, { ...check, through });
      if (seen.subjects.length === 0) absent.push(check);
      else viewed += 1;
      followed += seen.followed;
      broken.set(check, wrongLinks(check, seen.broken));
    } catch (failure) {
      const caughtError = caught(failure, context);
      unread.set(through, caughtError);
      if (isHostDown(caughtError)) down.set(hostOf(through), caughtError);
    }
    advance(unread.size);
  });
  return { followed, viewed, absent, unread, broken: checks.flatMap((check) => broken.get(check) ?? []) };
}

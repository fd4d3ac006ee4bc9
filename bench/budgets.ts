import type { Measured } from './measure.ts';

/** The most that a job may need; all limits are the project's own promises. */
export type Budget = { readonly requests?: number; readonly wallSeconds?: number; readonly peakMiB?: number };

/** Promises by the name of the scenario. */
export const BUDGETS: Readonly<Record<string, Budget>> = {
  // Less than half of upstream's 6.5 s on any machine that we know of.
  'm-noop': { requests: 2_520, wallSeconds: 3 },
  // Twenty times faster than upstream's 110 s.
  'm-promote': { wallSeconds: 5.5 },
  // One listing for each of 29,524 destination repositories, one HEAD for each of about 6,000 tags that 230 pending digests
  // lack there, and what these need at the source.
  'full-dry': { requests: 37_300, wallSeconds: 60, peakMiB: 350 },
  // 1.15 times an eighth of one listing for each of 295,240 destination repositories.
  'shard-of-8': { requests: 42_450 },
  // A twentieth more than one listing for each destination repository, for the catalogs; memory as a dry run.
  'm-audit': { requests: 2_646 },
  'full-audit': { requests: 31_000, wallSeconds: 60, peakMiB: 350 },
  // One listing a repository; and twenty times faster than upstream's 172 s.
  'replicate-noop': { requests: 2_520 },
  'replicate-sig': { wallSeconds: 8.6 },
  'replicate-bundles': { wallSeconds: 8.6 },
  // Schedulers kill a job soon after they stop it.
  stop: { wallSeconds: 5 },
  // A check in an editor's or a commit's hook is not waited for.
  validate: { requests: 0, wallSeconds: 2 },
  parse: { requests: 0, wallSeconds: 1 },
};

/** Each limit of a budget that was not kept, in words. */
export function overruns(budget: Budget, measured: Measured & { readonly requests: number }): readonly string[] {
  return (['requests', 'wallSeconds', 'peakMiB'] as const).flatMap((what) => {
    const [limit, actual] = [budget[what], measured[what]];
    return limit === undefined || actual === undefined || actual <= limit
      ? []
      : [`${what}: ${actual}, not ${limit} or less`];
  });
}

import pLimit from 'p-limit';
import type { Failure } from '../errors.ts';
import { durationText } from '../pipeline/duration.ts';
import type { Context, Phase } from '../pipeline/phase.ts';
import type { Copier, CopyResult } from '../registry/copy.ts';
import { refsOf, type PlannedImage, type PromotedImage } from './images.ts';
import type { Plan } from './plan.ts';
import { tellFailures } from './tell.ts';
import type { Traffic } from './traffic.ts';

export type PromoteServices = { readonly copier: Copier; readonly traffic: Traffic; readonly threads: number };

/** What was planned, and what became of it. */
export type Promotion = {
  readonly phase: 'promote';
  readonly plan: Plan;
  readonly images: readonly PromotedImage[];
  readonly failures: readonly Failure[];
};

/** Brings every due image to its mirrors, writes its tags, and reads each back. */
export const promote = ({ copier, traffic, threads }: PromoteServices): Phase<Plan, Promotion> => ({
  name: 'promote',
  run: async (plan, context) => {
    const say = (message: string): void => context.narrate({ type: 'log', level: 'info', message });
    const total = plan.images.length;
    say(total === 0 ? 'Nothing to promote.' : `Promoting ${total} images using ${threads} threads`);
    let finished = 0;
    const slots = pLimit(threads);
    const images = plan.images.map(async (image) => {
      const copying = await slots(async () => {
        const job = { source: image.wanted.source, digest: image.wanted.digest, targets: image.targets };
        const begun = copier.copy(job, context.signal);
        await begun.released;
        return begun;
      });
      const promoted = resultOf(image, await copying.done);
      for (const { repository, requests, bytes } of promoted.results) traffic.add(repository, { requests, bytes });
      finished += 1;
      tell(promoted, `(${finished}/${total})`, context);
      return promoted;
    });
    const promoted = await Promise.all(images);
    const failures = promoted.flatMap(failuresOf);
    tellFailures(failures, context);
    return { phase: 'promote', plan, images: promoted, failures: [...plan.failures, ...failures] };
  },
});

function resultOf({ wanted }: PlannedImage, { lanes, sourceReads }: CopyResult): PromotedImage {
  const results = lanes.map(({ target, error, attempts, meter, ms }) => ({
    ...target,
    attempts,
    ...meter,
    ms,
    ...(error === undefined ? {} : { error }),
  }));
  return { wanted, results, sourceReads };
}

function tell({ wanted, results }: PromotedImage, progress: string, { narrate }: Context): void {
  const done = results.filter(({ error }) => error === undefined);
  const slowest = durationText(Math.max(...results.map(({ ms }) => ms)));
  for (const { repository, tags, ms } of done) {
    for (const ref of refsOf(repository, tags, wanted.digest)) narrate({ type: 'log', level: 'debug', message: `Copied ${ref} in ${durationText(ms)}` });
  }
  const first = done[0];
  if (first === undefined) return;
  const [ref] = refsOf(first.repository, first.tags, wanted.digest);
  const others = done.length === 1 ? '' : `, and to ${done.length - 1} more`;
  narrate({ type: 'log', level: 'info', message: `Copied ${ref} ${progress} in ${slowest}${others}` });
}

/** One failure for each kind of trouble, with all the mirrors that have it. */
function failuresOf({ wanted, results }: PromotedImage): Failure[] {
  const byCode = new Map<string, Failure & { readonly refs: string[] }>();
  for (const { repository, tags, error } of results) {
    if (error === undefined) continue;
    const failure = byCode.get(error.code) ?? {
      phase: 'promote',
      code: error.code,
      message: error.message,
      ...(error.hint !== undefined && { hint: error.hint }),
      at: wanted.at,
      image: wanted.name,
      digest: wanted.digest,
      source: `${wanted.source}@${wanted.digest}`,
      refs: [],
    };
    failure.refs.push(...refsOf(repository, tags, wanted.digest));
    byCode.set(error.code, failure);
  }
  return [...byCode.values()];
}

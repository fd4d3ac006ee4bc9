import pLimit from 'p-limit';
import type { Failure } from '../errors.ts';
import type { Phase } from '../pipeline/phase.ts';
import type { Copier } from '../registry/copying/copier.ts';
import { lacksSomething } from './plan/candidate-lacks.ts';
import { emitDefect } from './caught.ts';
import type { PlannedImage, PromotedImage } from './images.ts';
import { failuresOf, resultOf } from './promote/results.ts';
import type { Plan } from './plan.ts';
import { plannedBytes } from './promote/planned-bytes.ts';
import { progressOf } from './reading/progress.ts';
import type { Validation } from './validate.ts';
import { hasTagsOfItsOwn, untaggedResult, withoutTags } from './promote/untagged.ts';
import type { Traffic } from './reading/traffic.ts';

export type PromoteServices = {
  readonly copier: Copier;
  readonly traffic: Traffic;
  readonly threads: number;
  /** Called before the first write, if an image is to be signed: an image that cannot be signed is not copied. */
  readonly prepare?: (signal: AbortSignal) => Promise<void>;
  /** Leaves the tags to a later phase, except those of attachments. */
  readonly tagsLast?: boolean | undefined;
};

/** The results of the images that were let through. */
export type Promotion = {
  readonly images: readonly PromotedImage[];
  readonly failures: readonly Failure[];
};

type Promotable = { readonly plan: Plan; readonly validation: Validation };

/** Copies every accepted image to its mirrors, writes its tags unless they follow later, and reads each back. */
export const promote = (services: PromoteServices): Phase<Promotable, 'promotion', Promotion> => ({
  name: 'promote',
  gives: 'promotion',
  run: async ({ plan, validation }, context) => {
    const { copier, traffic, threads, prepare, tagsLast = false } = services;
    const total = validation.images.length;
    if (plan.signing?.images.some(({ lacks }) => lacksSomething(lacks)) === true) await prepare?.(context.signal);
    context.emit({ type: 'promotion-started', images: total, threads });
    let [finished, failed] = [0, 0];
    const bytesOf = plannedBytes(plan);
    const allBytes = validation.images.reduce((sum, image) => sum + bytesOf(image), 0);
    const advance = progressOf('images', total, context, allBytes);
    const slots = pLimit(threads);
    const isLater = ({ wanted }: PlannedImage): boolean => tagsLast && hasTagsOfItsOwn(wanted);
    const images = validation.images.map(async (image) => {
      const copying = await slots(async () => {
        context.emit({ type: 'copy-started', ...image });
        const targets = isLater(image) ? withoutTags(image.targets) : image.targets;
        const job = { source: image.wanted.source, digest: image.wanted.digest, targets };
        const begun = copier.copy(job, context.signal);
        await begun.released;
        return begun;
      });
      const copied = await copying.done;
      const promoted = isLater(image) ? untaggedResult(image, copied) : resultOf(image, copied);
      for (const { repository, requests, bytes } of promoted.results) traffic.add(repository, { requests, bytes });
      for (const { error } of promoted.results) emitDefect(error, context);
      finished += 1;
      if (promoted.results.some(({ error }) => error !== undefined)) failed += 1;
      advance(failed, bytesOf(image));
      context.emit({ type: 'image-copied', ...promoted, done: finished, of: total });
      return promoted;
    });
    const promoted = await Promise.all(images);
    const failures = promoted.flatMap(failuresOf);
    context.emit({ type: 'failures', failures });
    return { images: promoted, failures };
  },
});

import type { Failure } from '../errors.ts';
import type { RepositoryName } from '../image/reference.ts';
import { addAll } from '../lists.ts';
import { eachOf } from '../async/each-of.ts';
import type { Phase } from '../pipeline/phase.ts';
import type { Copier } from '../registry/copying/copier.ts';
import { emitDefect } from './caught.ts';
import type { PromotedImage } from './images.ts';
import { failuresOf } from './promote/results.ts';
import { progressOf } from './reading/progress.ts';
import { replicateSigned, type ReplicateSignedServices } from './tagging/replicate-signed.ts';
import { signedCopies } from './tagging/signed-copies.ts';
import { taggedResult, type Attested } from './tagging/results.ts';

export type TagServices = ReplicateSignedServices & {
  readonly copier: Copier;
  /** Images that are tagged at once. */
  readonly threads: number;
  /** Returns true if a mirror needs copies of what is attached to its images. */
  readonly hasCopies: (mirror: RepositoryName) => boolean;
};

/** The images of a promotion after their tags were written; unsigned images have none. */
export type Tagging = {
  readonly images: readonly PromotedImage[];
  readonly failures: readonly Failure[];
};

/** Copies what is attached to signed images to the mirrors that need it, and then writes the tags of the images there. */
export const tag = (services: TagServices): Phase<Attested, 'tagging', Tagging> => ({
  name: 'tag',
  gives: 'tagging',
  run: async (outputs, context) => {
    const { copier, traffic, threads } = services;
    const { images } = outputs.promotion;
    const { signed, unsigned } = signedCopies(services, outputs);
    const { isLacking, failures } = await replicateSigned(services, [...signed.values()], context);
    const found = [...unsigned];
    const tagged = new Map<PromotedImage, PromotedImage>();
    const advance = progressOf('images', signed.size, context);
    await eachOf(signed, threads, async ([image, copy]) => {
      const { wanted } = image;
      const targets = image.results
        .filter(({ repository, isUntagged }) => isUntagged === true && !isLacking(copy, repository))
        .map(({ repository, tags }) => ({ repository, tags, action: 'tag' as const, isNew: false }));
      if (targets.length === 0) return advance();
      const job = { source: wanted.source, digest: wanted.digest, targets };
      const copied = await copier.copy(job, context.signal).done;
      for (const { target, meter, error } of copied.mirrors) {
        traffic.add(target.repository, meter);
        emitDefect(error, context);
      }
      const result = taggedResult(image, copied);
      tagged.set(image, result);
      const written = new Set(targets.map(({ repository }) => repository));
      addAll(found, failuresOf({ ...result, results: result.results.filter((one) => written.has(one.repository)) }));
      context.emit({ type: 'image-copied', ...result, done: tagged.size, of: signed.size });
      advance();
    });
    context.emit({ type: 'failures', failures: found });
    const all = images.map((image) => tagged.get(image) ?? image);
    return { images: all, failures: [...failures, ...found] };
  },
});

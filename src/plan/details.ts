import type { Pending } from './assemble.ts';
import type { ImageSet, WantedImage } from './desired.ts';

/** What a reviewer asks of an image that lacks something: where it must be, and how large it is. */
export type ImageDetails = {
  readonly mirrors: readonly string[];
  /** Bytes, where its manifests were read. */
  readonly size?: number;
};

/** The details of each image that is pending; mirrors are those that are looked at. */
export function detailsOf(
  pending: readonly Pending[],
  sets: readonly ImageSet[],
  sizes: ReadonlyMap<WantedImage, number>,
): ReadonlyMap<WantedImage, ImageDetails> {
  const due = new Set(pending.map(({ image }) => image));
  const details = new Map<WantedImage, ImageDetails>();
  for (const { destinations: mirrors, images } of sets) {
    for (const image of images) {
      if (!due.has(image)) continue;
      const size = sizes.get(image);
      details.set(image, { mirrors, ...(size !== undefined && { size }) });
    }
  }
  return details;
}

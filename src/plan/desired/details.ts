import type { Lacks } from './assemble.ts';
import type { PromotionError } from '../../errors.ts';
import { joinRepository, type RepositoryName } from '../../image/reference.ts';
import type { ImageSet, WantedImage } from './desired.ts';

/** What a reviewer asks of an image that is not known to be complete: where it must be, and how large it is. */
export type ImageDetails = {
  readonly mirrors: readonly string[];
  /** The mirrors that were read and lack something. */
  readonly lacking: readonly string[];
  /** The mirrors that could not be read; one list for all images of a set. */
  readonly unread: readonly UnreadMirror[];
  /** Bytes, where its manifests were read. */
  readonly size?: number;
};

/** A registry whose repository of the image could not be read, and why. */
export type UnreadMirror = { readonly name: string; readonly error: PromotionError };

/** What was found out about the images: what they lack, their sizes, and which repositories could not be read. */
export type FoundOut = {
  readonly pending: Lacks;
  readonly sizes: ReadonlyMap<WantedImage, number>;
  readonly unread: ReadonlyMap<RepositoryName, PromotionError>;
};

/** The details of each image that lacks something, or that some mirror could not be asked for. */
export function detailsOf(
  sets: readonly ImageSet[],
  { pending, sizes, unread }: FoundOut,
): ReadonlyMap<WantedImage, ImageDetails> {
  const lacksOf = new Map([...pending].map(([image, lacks]) => [image, new Set(lacks.map((lack) => lack.repository))]));
  const details = new Map<WantedImage, ImageDetails>();
  for (const { destinations: mirrors, name, images } of sets) {
    const repositories = mirrors.map((mirror) => [mirror, joinRepository(mirror, name)] as const);
    const notRead = repositories.flatMap(([mirror, repository]) => {
      const error = unread.get(repository);
      return error === undefined ? [] : [{ name: mirror, error }];
    });
    for (const image of images) {
      const lacks = lacksOf.get(image);
      if (lacks === undefined && notRead.length === 0) continue;
      const lacking = repositories.flatMap(([mirror, repository]) => (lacks?.has(repository) === true ? [mirror] : []));
      const size = sizes.get(image);
      details.set(image, { mirrors, lacking, unread: notRead, ...(size !== undefined && { size }) });
    }
  }
  return details;
}

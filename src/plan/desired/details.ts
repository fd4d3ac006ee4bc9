import type { Lacks } from './assemble.ts';
import type { PromotionError } from '../../errors.ts';
import { joinRepository, type RepositoryName } from '../../image/reference.ts';
import type { ImageSet, WantedImage } from './desired.ts';

/** Facts about an image that may be incomplete, for reviewers: its mirrors and its size. */
export type ImageDetails = {
  readonly mirrors: readonly string[];
  /** Mirrors that were read and lack part of the image. */
  readonly lacking: readonly string[];
  /** Mirrors that could not be read; all images of a set share one list. */
  readonly unread: readonly UnreadMirror[];
  /** Bytes, if its manifests were read. */
  readonly size?: number | undefined;
};

/** A registry whose repository of the image could not be read, and the reason. */
type UnreadMirror = { readonly name: string; readonly error: PromotionError };

/** Results of reading the registries: missing tags, sizes, and unread repositories. */
type FoundOut = {
  readonly pending: Lacks;
  readonly sizes: ReadonlyMap<WantedImage, number>;
  readonly unread: ReadonlyMap<RepositoryName, PromotionError>;
};

/** Returns the details of each image that lacks something or has an unread mirror. */
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
      details.set(image, { mirrors, lacking, unread: notRead, size });
    }
  }
  return details;
}

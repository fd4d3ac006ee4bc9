import type { Failure } from '../errors.ts';
import { refsOf } from '../image/reference.ts';
import type { Target } from '../image/target.ts';
import type { WantedImage } from './desired/desired.ts';

/** What a failure says of the image that it concerns. */
export type AboutImage = Required<Pick<Failure, 'at' | 'image' | 'digest' | 'source' | 'refs'>>;

/** What a failure says of an image, and of the references in production that it concerns. */
export function aboutImage({ at, name, digest, source }: WantedImage, refs: readonly string[]): AboutImage {
  return { at, image: name, digest, source: `${source}@${digest}`, refs };
}

/** The references that an image was to get on these targets. */
export function refsOn({ digest }: WantedImage, targets: readonly Pick<Target, 'repository' | 'tags'>[]): string[] {
  return targets.flatMap(({ repository, tags }) => refsOf(repository, tags, digest));
}

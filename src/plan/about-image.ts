import type { Failure } from '../errors.ts';
import { refsOf } from '../image/reference.ts';
import type { Target } from '../image/target.ts';
import type { WantedImage } from './desired/desired.ts';

/** The fields of a failure that identify its image. */
type AboutImage = Required<Pick<Failure, 'at' | 'image' | 'digest' | 'source' | 'refs'>>;

/** Returns the fields of a failure for an image and the affected references in production. */
export function aboutImage({ at, name, digest, source }: WantedImage, refs: readonly string[]): AboutImage {
  return { at, image: name, digest, source: `${source}@${digest}`, refs };
}

/** Returns the references of an image on these targets. */
export function refsOn({ digest }: WantedImage, targets: readonly Pick<Target, 'repository' | 'tags'>[]): string[] {
  return targets.flatMap(({ repository, tags }) => refsOf(repository, tags, digest));
}

import { PromotionError, failureOf, type Failure } from '../errors.ts';
import { aboutImage, refsOn } from './about-image.ts';
import type { ArtifactTypes } from '../policy/policies.ts';
import type { ImageTree } from '../registry/image/image-tree.ts';
import type { PlannedImage } from './desired/assemble.ts';
import type { WantedImage } from './desired/desired.ts';

/** BuildKit stores this in the index of an image as a part of the image. */
const PART_OF_IMAGES = 'application/vnd.docker.attestation.manifest.v1+json';

/**
 * Returns why a readable image is not promoted: it has layers that no mirror would have, or a type that is not in each
 * of the lists. Without lists, every type is promoted; container images always are.
 */
export function refusalOf(
  { source, digest }: Pick<WantedImage, 'source' | 'digest'>,
  { foreign, artifactTypes }: Pick<ImageTree, 'foreign' | 'artifactTypes'>,
  allowed: readonly ArtifactTypes[],
): PromotionError | undefined {
  const [layer] = foreign;
  if (layer !== undefined) {
    return new PromotionError(
      'UNSUPPORTED_MANIFEST',
      `${source}@${digest} has the foreign layer ${layer.digest}, which is stored outside the registry`,
      {
        side: 'source',
        hint: 'rebuild the image with all layers in the registry',
      },
    );
  }
  for (const { types, at } of allowed) {
    const other = artifactTypes.find((type) => type !== PART_OF_IMAGES && !types.includes(type));
    if (other !== undefined)
      return new PromotionError(
        'ARTIFACT_TYPE',
        `${source}@${digest} is an artifact of type ${other}, which the project does not allow`,
        { side: 'source', hint: `add the type to artifactTypes at ${at.file}:${at.line}, if it is intended` },
      );
  }
  return undefined;
}

/** Returns a rejected image as a failure of its entry. */
export function refusedFailure({ wanted: image, targets }: PlannedImage, error: PromotionError): Failure {
  return failureOf('plan', error, aboutImage(image, refsOn(image, targets)));
}

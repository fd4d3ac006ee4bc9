import { PromotionError, failureOf, type Failure } from '../errors.ts';
import { aboutImage, refsOn } from './about-image.ts';
import type { ArtifactTypes } from '../policy/policies.ts';
import type { ImageTree } from '../registry/image/image-tree.ts';
import type { PlannedImage } from './desired/assemble.ts';
import type { WantedImage } from './desired/desired.ts';

/** What BuildKit puts into the index of an image is part of the image. */
const PART_OF_IMAGES = 'application/vnd.docker.attestation.manifest.v1+json';

/**
 * Why an image that can be read in whole is not promoted: layers that no mirror would have, or a type that is not in each of
 * the lists. Without a list every type is promoted, and container images always are.
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
      `${source}@${digest} has the foreign layer ${layer.digest}, which is kept at addresses outside the registry, and not in it`,
      {
        side: 'source',
        hint: 'build it with its layers in the registry (docker push pushes them unless they are foreign)',
      },
    );
  }
  for (const { types, at } of allowed) {
    const other = artifactTypes.find((type) => type !== PART_OF_IMAGES && !types.includes(type));
    if (other !== undefined)
      return new PromotionError(
        'ARTIFACT_TYPE',
        `${source}@${digest} is an artifact of type ${other}, which its project does not promote`,
        { side: 'source', hint: `add the type to artifactTypes at ${at.file}:${at.line}, if it is meant` },
      );
  }
  return undefined;
}

/** An image that is not promoted, as a failure of its entry. */
export function refusedFailure({ wanted: image, targets }: PlannedImage, error: PromotionError): Failure {
  return failureOf('plan', error, aboutImage(image, refsOn(image, targets)));
}

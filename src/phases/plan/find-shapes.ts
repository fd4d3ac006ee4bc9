import { PromotionError, type Failure } from '../../errors.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { PlannedImage } from '../../plan/desired/assemble.ts';
import type { WantedImage } from '../../plan/desired/desired.ts';
import { refusalOf, refusedFailure } from '../../plan/shape.ts';
import type { ArtifactTypes } from '../../policy/policies.ts';
import { bytesOf, openImageTree, treeSource } from '../../registry/image/image-tree.ts';
import type { SourceReader } from '../../registry/source.ts';
import { caught } from '../caught.ts';
import { isHostDown, pushTo, readByHost } from '../reading/read-by-host.ts';

/** Images of one repository that are read at once: few, since many repositories are read at the same time. */
const TREES_AT_ONCE = 8;

/** The images that can be copied unchanged, the failures of the others, and the bytes of each image that was read. */
type Shapes = {
  readonly due: readonly PlannedImage[];
  readonly failures: readonly Failure[];
  readonly sizes: ReadonlyMap<WantedImage, number>;
};

/**
 * Reads all manifests of each image to copy, and removes the images that cannot be copied completely and unchanged.
 * Images of which mirrors lack only tags are not checked again.
 */
export async function checkShapes(
  source: SourceReader,
  due: readonly PlannedImage[],
  allowed: (image: WantedImage) => readonly ArtifactTypes[],
  context: Context,
): Promise<Shapes> {
  const bySource = new Map<RepositoryName, PlannedImage[]>();
  for (const one of due) if (isCopied(one)) pushTo(bySource, one.wanted.source, one);
  const refused = new Map<PlannedImage, PromotionError>();
  const sizes = new Map<WantedImage, number>();
  const read = async (repository: RepositoryName): Promise<void> => {
    await eachOf(bySource.get(repository) ?? [], TREES_AT_ONCE, async (one) => {
      const found = await sizeOf(source, one.wanted, allowed(one.wanted), context);
      if (typeof found === 'number') sizes.set(one.wanted, found);
      else refused.set(one, found);
    });
  };
  const errors = await readByHost('source', [...bySource.keys()], read, context);
  const good: PlannedImage[] = [];
  const failures: Failure[] = [];
  for (const one of due) {
    const problem = refused.get(one) ?? (isCopied(one) ? errors.get(one.wanted.source) : undefined);
    if (problem === undefined) good.push(one);
    else failures.push(refusedFailure(one, problem));
  }
  return { due: good, failures, sizes };
}

function isCopied({ targets }: PlannedImage): boolean {
  return targets.some(({ action }) => action === 'copy');
}

/** Returns the bytes of one image, or its problem; throws a problem of its registry. */
async function sizeOf(
  source: SourceReader,
  { source: repository, digest }: WantedImage,
  allowed: readonly ArtifactTypes[],
  context: Context,
): Promise<PromotionError | number> {
  try {
    const open = await openImageTree(digest, repository, treeSource(source, repository, context.signal));
    if (open === undefined)
      return new PromotionError('LOST', `${repository}@${digest} is no longer in the source registry`, {
        hint: 'push it to staging again',
      });
    open.close();
    return refusalOf({ source: repository, digest }, open.tree, allowed) ?? bytesOf(open.tree);
  } catch (error) {
    const failure = caught(error, context);
    if (isHostDown(failure)) throw failure;
    return failure;
  }
}

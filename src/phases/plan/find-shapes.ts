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

/** Images of one repository whose manifests are read at once: few, as a repository is read beside many others. */
const TREES_AT_ONCE = 8;

/** What can be copied as it is, what cannot, and how many bytes each image has that was looked at. */
type Shapes = {
  readonly due: readonly PlannedImage[];
  readonly failures: readonly Failure[];
  readonly sizes: ReadonlyMap<WantedImage, number>;
};

/**
 * Reads all manifests of each image that is to be copied, and takes out those that cannot be copied whole and as they are.
 * What mirrors have already, and lack only tags of, is not judged again.
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

/** The bytes of one image, or what is wrong with it; throws what is wrong with its registry. */
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

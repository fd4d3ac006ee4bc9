import { isPromotionError, PromotionError, type Failure } from '../errors.ts';
import type { RepositoryName } from '../image/reference.ts';
import { eachOf } from '../pipeline/concurrency.ts';
import type { Context } from '../pipeline/phase.ts';
import type { Due } from '../plan/assemble.ts';
import type { WantedImage } from '../plan/desired.ts';
import { refusalOf, refusedFailure } from '../plan/shape.ts';
import type { ArtifactTypes } from '../policy/policies.ts';
import { readImageTree } from '../registry/image-tree.ts';
import type { SourceReader } from '../registry/source.ts';
import { isHostDown, pushTo, readByHost } from './read-by-host.ts';

/** Images of one repository whose manifests are read at once: few, as a repository is read beside many others. */
const TREES_AT_ONCE = 8;

/**
 * Reads all manifests of each image that is to be copied, and takes out those that cannot be copied whole and as they are.
 * What mirrors have already, and lack only tags of, is not judged again.
 */
export async function checkShapes(
  source: SourceReader,
  due: readonly Due[],
  allowed: (image: WantedImage) => readonly ArtifactTypes[],
  context: Context,
): Promise<{ readonly due: readonly Due[]; readonly failures: readonly Failure[] }> {
  const bySource = new Map<RepositoryName, Due[]>();
  for (const one of due) if (isCopied(one)) pushTo(bySource, one.image.source, one);
  const refused = new Map<Due, PromotionError>();
  const read = async (repository: RepositoryName): Promise<void> => {
    await eachOf(bySource.get(repository) ?? [], TREES_AT_ONCE, async (one) => {
      const problem = await problemOf(source, one.image, allowed(one.image), context);
      if (problem !== undefined) refused.set(one, problem);
    });
  };
  const errors = await readByHost('source', [...bySource.keys()], read, context);
  const good: Due[] = [];
  const failures: Failure[] = [];
  for (const one of due) {
    const problem = refused.get(one) ?? (isCopied(one) ? errors.get(one.image.source) : undefined);
    if (problem === undefined) good.push(one);
    else failures.push(refusedFailure(one, problem));
  }
  return { due: good, failures };
}

function isCopied({ targets }: Due): boolean {
  return targets.some(({ action }) => action === 'copy');
}

/** What is wrong with one image; throws what is wrong with its registry. */
async function problemOf(
  source: SourceReader,
  { source: repository, digest }: WantedImage,
  allowed: readonly ArtifactTypes[],
  { signal }: Context,
): Promise<PromotionError | undefined> {
  try {
    const root = await source.manifest(repository, digest, signal);
    if (root === undefined)
      return new PromotionError('LOST', `${repository}@${digest} is no longer in the source registry`, {
        hint: 'push it to staging again',
      });
    const tree = await readImageTree(root, repository, (child) => source.manifest(repository, child, signal));
    return refusalOf({ source: repository, digest }, tree, allowed);
  } catch (error) {
    if (!isPromotionError(error) || signal.aborted || isHostDown(error)) throw error;
    return error;
  }
}

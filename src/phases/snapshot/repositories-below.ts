import { isPromotionError, PromotionError, type ErrorCode } from '../../errors.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import { caught } from '../caught.ts';
import type { RepositoryLister, RepositoryListing } from '../../registry/roles.ts';

/** What became of listing the name that all is to be read of: it may be a folder of repositories, and no repository itself. */
type Root = RepositoryListing | PromotionError | undefined;

/** What registries answer to whoever lists a folder as if it were a repository; of a repository it is an error, too. */
const NOT_A_FOLDER: readonly ErrorCode[] = ['UNAUTHORIZED', 'DENIED', 'REGISTRY_PROTOCOL'];

/** Lists it; that it cannot be listed is no error yet. */
export async function listRoot(list: () => Promise<RepositoryListing>): Promise<Root> {
  try {
    return await list();
  } catch (error) {
    if (isPromotionError(error) && NOT_A_FOLDER.includes(error.code)) return error;
    throw error;
  }
}

/** Whether listings name what is below. */
export function isTree(root: Root): boolean {
  return root !== undefined && 'kind' in root && root.kind === 'digests' && root.children !== undefined;
}

/**
 * The repositories at and below a name, from the catalog. Where there is none, or not for us, one repository by itself is
 * still of use, with a warning; for a folder that is an error.
 */
export async function repositoriesBelow(
  registry: RepositoryLister,
  name: RepositoryName,
  { root, isRepository }: { readonly root: Root; readonly isRepository: boolean },
  context: Context,
): Promise<readonly RepositoryName[]> {
  try {
    return await registry.listRepositories(name, context);
  } catch (error) {
    const failure = caught(error, context);
    if (isRepository) {
      context.emit({ type: 'below-unlisted', name, reason: failure.message });
      return [];
    }
    if (!isPromotionError(root)) throw failure;
    const hint = failure.hint === undefined ? {} : { hint: failure.hint };
    throw new PromotionError(root.code, `${root.message}; ${failure.message}`, { cause: failure, ...hint });
  }
}

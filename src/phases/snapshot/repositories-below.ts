import { isPromotionError, PromotionError, type ErrorCode } from '../../errors.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import { caught } from '../caught.ts';
import type { RepositoryLister, RepositoryListing } from '../../registry/roles.ts';

/** The result of listing the root of a snapshot, which may be a folder and not a repository. */
type Root = RepositoryListing | PromotionError | undefined;

/** The answers of registries if a folder is listed like a repository; a repository may cause them as well. */
const NOT_A_FOLDER: readonly ErrorCode[] = ['UNAUTHORIZED', 'DENIED', 'REGISTRY_PROTOCOL'];

/** Lists the root; returns the error if it may be a folder. */
export async function listRoot(list: () => Promise<RepositoryListing>): Promise<Root> {
  try {
    return await list();
  } catch (error) {
    if (isPromotionError(error) && NOT_A_FOLDER.includes(error.code)) return error;
    throw error;
  }
}

/** Returns true if the listing names the repositories below. */
export function isTree(root: Root): boolean {
  return root !== undefined && 'kind' in root && root.kind === 'digests' && root.children !== undefined;
}

/**
 * Returns the repositories at and below a name, from the catalog. If there is no catalog, or we may not read it, one repository by itself is
 * still useful, with a warning. For a folder that is an error.
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

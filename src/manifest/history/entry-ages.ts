import { isPromotionError } from '../../errors.ts';
import type { GitServices } from '../../git/run.ts';
import { joinRepository } from '../../image/reference.ts';
import type { LoadRequest } from '../load.ts';
import { loadCommit, repositoryOf } from './load-commit.ts';
import type { Project } from '../manifest.ts';

/** Recently added entries of a tree, as `source repository@digest`. */
export type YoungEntries = ReadonlySet<string>;

/**
 * Returns the entries of a tree that were added after `time`, in milliseconds: those missing in the last commit of
 * HEAD's own branch before it. Returns undefined, and calls `unknown` with the reason, if there is no repository or the
 * clone does not reach back far enough.
 */
export async function entriesSince(
  request: LoadRequest,
  projects: readonly Project[],
  time: number,
  services: GitServices,
  unknown: (reason: string) => void = () => undefined,
): Promise<YoungEntries | undefined> {
  try {
    const repository = await repositoryOf(request, services);
    const commit = await repository.git.lastBefore(time);
    if (commit === undefined && (await repository.git.isShallow())) {
      unknown('the clone does not go back far enough');
      return undefined;
    }
    const old = commit === undefined ? [] : (await loadCommit(repository, commit)).projects;
    const known = new Set(entriesOf(old));
    return new Set(entriesOf(projects).filter((entry) => !known.has(entry)));
  } catch (error) {
    if (!isPromotionError(error, 'GIT')) throw error;
    unknown(error.message);
    return undefined;
  }
}

function entriesOf(projects: readonly Project[]): string[] {
  return projects.flatMap(({ source, images }) =>
    images.flatMap(({ name, digests }) => digests.map(({ digest }) => `${joinRepository(source, name)}@${digest}`)),
  );
}

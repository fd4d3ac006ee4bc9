import path from 'node:path';
import { repositoryUri, type ManifestFact } from '../../attest/formats/record.ts';
import { isPromotionError } from '../../errors.ts';
import type { GitServices } from '../../git/run.ts';
import { onlyOne, type LoadRequest } from '../../manifest/load.ts';
import { repositoryOf } from '../../manifest/history/load-commit.ts';

/**
 * Returns the location of files for promotion records: the path in their Git repository at its HEAD. Outside Git,
 * returns the path as it was given.
 */
export async function manifestFacts(
  request: LoadRequest,
  services: GitServices,
): Promise<(file: string) => ManifestFact> {
  const location = path.normalize(onlyOne(request).location);
  try {
    const { git, place } = await repositoryOf(request, services);
    const gitCommit = await git.commit('HEAD');
    const uri = repositoryUri(await git.origin(), services.env);
    return (file) => {
      const below = path.relative(location, file).split(path.sep).join('/');
      return { name: path.posix.join(place, below), gitCommit, uri };
    };
  } catch (error) {
    if (!isPromotionError(error, 'GIT')) throw error;
    return (file) => ({ name: file });
  }
}

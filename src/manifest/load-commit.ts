import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { PromotionError } from '../errors.ts';
import { openRepository, type GitRepository } from '../git/repository.ts';
import type { ObjectId } from '../git/objects.ts';
import type { GitServices } from '../git/run.ts';
import { findProjects, findTrees } from './discover.ts';
import { commitFiles } from './git-files.ts';
import { loadFound, loadPlain, onlyOne, type LoadRequest } from './load.ts';
import type { LoadedManifests } from './manifest.ts';

/** A clone, and where in it the manifests stand. */
export type ManifestRepository = {
  readonly git: GitRepository;
  /** Relative to the top of the repository, with `/`; empty for all of it. */
  readonly place: string;
  readonly request: LoadRequest;
};

/** Opens the repository that holds what was asked for; throws GIT, and USAGE for a request that contradicts itself. */
export async function repositoryOf(request: LoadRequest, services: GitServices): Promise<ManifestRepository> {
  const { location: named } = onlyOne(request);
  const location = await realpath(named).catch((cause: unknown) => {
    throw new PromotionError('GIT', `${named} is not there`, { cause, hint: 'check the path' });
  });
  const isFolder = (await stat(location)).isDirectory();
  const git = await openRepository(isFolder ? location : path.dirname(location), services);
  return { git, place: path.relative(git.topLevel, location).split(path.sep).join('/'), request };
}

/**
 * Loads the manifests as a commit holds them, with the file names that they have on the disk; nothing, and no problem,
 * where it holds none. Registries are not held against a list: what was there may be there.
 */
export async function loadCommit(
  { git, place, request }: ManifestRepository,
  commit: ObjectId,
): Promise<LoadedManifests> {
  const { kind, location } = onlyOne(request);
  const listed = await git.list(commit, place);
  if (listed.length === 0) return { projects: [], problems: [] };
  if (listed.some((entry) => entry.path === place)) {
    const files = await commitFiles(git, listed, '');
    return loadPlain(location, () => files.read(place), undefined);
  }
  const files = await commitFiles(git, listed, place);
  const found = await (kind === 'manifests' ? findTrees(files) : findProjects(files));
  return loadFound(files, found, (relative) => path.join(location, relative), undefined);
}

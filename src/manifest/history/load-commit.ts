import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { PromotionError } from '../../errors.ts';
import { openRepository, type GitRepository } from '../../git/repository.ts';
import type { ObjectId } from '../../git/objects.ts';
import type { GitServices } from '../../git/run.ts';
import { findProjects, findTrees } from '../discover.ts';
import { commitFiles } from './git-files.ts';
import { loadFound, loadPlain, onlyOne, type LoadRequest } from '../load.ts';
import type { FileSource } from '../file-source.ts';
import type { LoadedManifests } from '../manifest.ts';
import { parseThin } from '../parse.ts';
import type { ParseProject } from '../parse-once.ts';

/** A clone, and the path of the manifests in it. */
export type ManifestRepository = {
  readonly git: GitRepository;
  /** Relative to the top of the repository, separated by `/`; empty for the whole repository. */
  readonly place: string;
  readonly request: LoadRequest;
};

/** Opens the repository that contains the requested manifests. Throws GIT, and USAGE for a contradictory request. */
export async function repositoryOf(request: LoadRequest, services: GitServices): Promise<ManifestRepository> {
  const { location: named } = onlyOne(request);
  const location = await realpath(named).catch((cause: unknown) => {
    throw new PromotionError('GIT', `${named} is not there`, { cause, hint: 'check the path' });
  });
  const isFolder = (await stat(location)).isDirectory();
  const git = await openRepository(isFolder ? location : path.dirname(location), services);
  return { git, place: path.relative(git.topLevel, location).split(path.sep).join('/'), request };
}

/** The manifests of a commit. */
export type CommitManifests = {
  /** Files of the folder with the manifests, or of the repository for a plain manifest. */
  readonly files: FileSource;
  /** Loads them with their file names on the disk. */
  load(parse?: ParseProject): Promise<LoadedManifests>;
};

/**
 * Opens the manifests of a commit; returns undefined if it has none. Does not apply --allow-registry, which need not
 * have held in the past.
 */
export async function openCommit(
  { git, place, request }: ManifestRepository,
  commit: ObjectId,
): Promise<CommitManifests | undefined> {
  const { kind, location } = onlyOne(request);
  const listed = await git.list(commit, place);
  if (listed.length === 0) return undefined;
  const isFile = listed.some((entry) => entry.path === place);
  const files = await commitFiles(git, listed, isFile ? '' : place);
  if (isFile) return { files, load: () => loadPlain(location, () => files.read(place), undefined) };
  const find = kind === 'manifests' ? findTrees : findProjects;
  const display = (relative: string): string => path.join(location, relative);
  return {
    files,
    load: async (parse = parseThin) => loadFound(files, await find(files), display, { allowed: undefined, parse }),
  };
}

/** Loads the manifests of a commit; returns an empty result without problems if it has none. */
export async function loadCommit(
  repository: ManifestRepository,
  commit: ObjectId,
  parse?: ParseProject,
): Promise<LoadedManifests> {
  return (await openCommit(repository, commit))?.load(parse) ?? NO_MANIFESTS;
}

/** The result for a commit without manifests. */
export const NO_MANIFESTS: LoadedManifests = { projects: [], problems: [] };

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

/** The manifests of a commit. */
export type CommitManifests = {
  /** Of the folder that holds them, or of the repository for a plain manifest. */
  readonly files: FileSource;
  /** Loads them with the file names that they have on the disk. */
  load(parse?: ParseProject): Promise<LoadedManifests>;
};

/**
 * Opens the manifests as a commit holds them; undefined where it holds none. Registries are not held against a list: what
 * was there may be there.
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

/** Loads the manifests as a commit holds them; nothing, and no problem, where it holds none. */
export async function loadCommit(repository: ManifestRepository, commit: ObjectId): Promise<LoadedManifests> {
  return (await openCommit(repository, commit))?.load() ?? NO_MANIFESTS;
}

/** What a commit without manifests holds. */
export const NO_MANIFESTS: LoadedManifests = { projects: [], problems: [] };

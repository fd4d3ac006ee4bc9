import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { normalize } from 'node:path';
import { PromotionError } from '../../errors.ts';
import { DEEPEN } from '../../git/explain.ts';
import type { ObjectId } from '../../git/objects.ts';
import { prowBase } from '../../git/prow.ts';
import type { GitServices } from '../../git/run.ts';
import { changedFile, changedFiles, type ChangedFiles } from '../changed-files.ts';
import { findProjects, findTrees } from '../discover.ts';
import { diskFiles } from '../file-source.ts';
import { isManifest } from './git-files.ts';
import { onlyOne, type LoadRequest } from '../load.ts';
import {
  NO_MANIFESTS,
  openCommit,
  repositoryOf,
  type CommitManifests,
  type ManifestRepository,
} from './load-commit.ts';
import { tagHistory, type CurrentTag, type TagHistory } from './tag-history.ts';
import type { LoadedManifests } from '../manifest.ts';
import type { ParseProject } from '../parse-once.ts';

/**
 * The base of a comparison: the commit that Prow's job started from, the last one before a time in milliseconds, or the
 * commit in which HEAD leaves a revision.
 */
export type Against = 'prow' | { readonly since: number } | { readonly revision: string };

/** The base tree and its commit. */
export type DiffBase = {
  readonly base: LoadedManifests;
  /** Undefined if there was no earlier commit: then everything is new. */
  readonly commit?: ObjectId;
  /** True if the compared working tree differs from HEAD. */
  readonly isDirty: boolean;
  /** The files that differ. */
  readonly changed: ChangedFiles;
  /** Reads the history of these tags; throws GIT. */
  readonly tagHistory?: (tags: readonly CurrentTag[]) => Promise<TagHistory>;
};

/** Loads the tree to compare the working tree with; throws GIT. */
export async function loadDiffBase(
  request: LoadRequest,
  against: Against,
  services: GitServices,
  parse?: ParseProject,
): Promise<DiffBase> {
  const name = against === 'prow' ? prowBase(services.env) : undefined;
  const repository = await repositoryOf(request, services);
  const { git } = repository;
  const head = await git.commit('HEAD');
  const commit =
    against !== 'prow'
      ? 'revision' in against
        ? await leavingCommit(repository, head, against.revision)
        : await beforeWindow(repository, head, against.since)
      : name === undefined || name === 'HEAD^'
        ? await git.parent(head)
        : await git.commit(name);
  const before = commit === undefined ? undefined : await openCommit(repository, commit);
  return {
    base: (await before?.load(parse)) ?? NO_MANIFESTS,
    ...(commit !== undefined && { commit, tagHistory: (tags) => tagHistory(repository, commit, tags) }),
    isDirty: await isDirty(repository, head),
    changed: before === undefined ? ALL_CHANGED : await changedSince(before, repository),
  };
}

/** The changes if there is no earlier commit. */
const ALL_CHANGED: ChangedFiles = { files: new Set(), isChanged: () => Promise.resolve(true) };

async function changedSince(
  { files }: CommitManifests,
  { git, place, request }: ManifestRepository,
): Promise<ChangedFiles> {
  const { kind, location } = onlyOne(request);
  if (!(await stat(location)).isDirectory())
    return changedFile(files, await diskFiles(git.topLevel), place, normalize(location));
  return changedFiles(files, await diskFiles(location), location, kind === 'manifests' ? findTrees : findProjects);
}

/** Returns the last commit that HEAD has in common with a revision: the revision itself, if HEAD contains it. */
async function leavingCommit({ git }: ManifestRepository, head: ObjectId, revision: string): Promise<ObjectId> {
  const base = await git.mergeBase(await git.commit(revision), head);
  if (base !== undefined) return base;
  throw new PromotionError('GIT', `this clone has no commit that ${revision} and HEAD have in common`, {
    hint: (await git.isShallow()) ? DEEPEN : 'name a commit that HEAD contains',
  });
}

/** As in upstream: the parent of the oldest commit that `git log --since` lists; HEAD if it lists none. */
async function beforeWindow({ git }: ManifestRepository, head: ObjectId, since: number): Promise<ObjectId | undefined> {
  const oldest = await git.oldestSince(since);
  return oldest === undefined ? head : git.parent(oldest);
}

/**
 * Compares the committed manifests with those on the disk by their hashes: `git status` would start filters that the
 * repository names.
 */
async function isDirty({ git, place, request }: ManifestRepository, head: ObjectId): Promise<boolean> {
  const listed = (await git.list(head, place)).filter((entry) => entry.path === place || isManifest(entry.path));
  const committed = new Set(listed.map((entry) => entry.path));
  const disk = await diskFiles(git.topLevel);
  const found = request.manifest === undefined ? await findTrees(disk, place) : { projects: [] };
  if (found.projects.some(({ manifest, images }) => !committed.has(manifest) || !committed.has(images))) return true;
  for (const policy of new Set(found.projects.map((project) => project.policy)))
    if (!committed.has(policy) && (await disk.read(policy).catch(() => 'there')) !== undefined) return true;
  for (const { path, kind, id } of listed) {
    if (kind !== 'file') continue;
    const bytes = await disk.read(path).catch(() => undefined);
    if (bytes === undefined || blobId(bytes, id) !== id) return true;
  }
  return false;
}

/**
 * Returns the Git object ID of these bytes, in the hash algorithm of `like`:
 * https://git-scm.com/docs/hash-function-transition
 */
function blobId(bytes: Uint8Array, like: ObjectId): ObjectId {
  const hash = createHash(like.length === 64 ? 'sha256' : 'sha1');
  return hash.update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

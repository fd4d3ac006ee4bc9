import path from 'node:path';
import type { Commit, FileChange } from '../../git/commits.ts';
import type { ObjectId, TreeEntry } from '../../git/objects.ts';
import type { GitRepository } from '../../git/repository.ts';
import { addAll } from '../../lists.ts';
import { findProjects, findTrees, type FoundProject } from '../discover.ts';
import { onlyOne, type LoadRequest } from '../load.ts';
import { blobReader, MAX_FILE, type BlobReader } from './blob-reader.ts';
import { filesOf, isManifest, MAX_TARGET } from './git-files.ts';
import type { ManifestRepository } from './load-commit.ts';
import { changedEntries, entriesOf, type EntryFact, type Held } from './project-entries.ts';

/** How one commit changes one project: its entries, and where they go. */
export type ProjectStep = {
  /** Index of the commit in the history. */
  readonly commit: number;
  /** Identifies the project: the displayed path of its manifest. */
  readonly project: string;
  /** The registries that the entries go to after the commit; empty if the project is gone. */
  readonly destinations: readonly string[];
  readonly added: readonly EntryFact[];
  readonly removed: readonly EntryFact[];
};

/** The first-parent history of a tree. */
export type TreeHistory = {
  /** Oldest first. */
  readonly commits: readonly Commit[];
  /** False for a shallow clone, whose oldest commit did not add what it contains. */
  readonly isWhole: boolean;
  /** Ordered by commit. */
  readonly steps: readonly ProjectStep[];
};

/**
 * Reads the first-parent history of a tree up to a commit; parses only files that a commit changes. With `mentions`, only
 * entries with one of these tags or digests. A file that cannot be read in one commit changes no entry there. Throws GIT.
 */
export async function readHistory(
  { git, place, request }: ManifestRepository,
  tip: ObjectId,
  mentions?: ReadonlySet<string>,
): Promise<TreeHistory> {
  const { commits: newest, isWhole } = await git.ownBranch(tip);
  const commits = newest.toReversed();
  const changes = await git.changes(commits, place);
  const blobs = await blobReader(git, [...changes.values()].map(neededBlobs(place)));
  const walk = treeWalk(git, { place, request }, blobs, mentions);
  const steps: ProjectStep[] = [];
  for (const [index, { id }] of commits.entries()) {
    const changed = changes.get(id);
    if (changed === undefined) continue;
    await blobs.next();
    addAll(steps, await walk(index, changed));
  }
  return { commits, isWhole, steps };
}

function neededBlobs(place: string): (changed: readonly FileChange[]) => readonly ObjectId[] {
  return (changed) =>
    changed.flatMap(({ path: name, file }) =>
      file !== undefined && (file.kind === 'link' || (file.kind === 'file' && (name === place || isManifest(name))))
        ? [file.id]
        : [],
    );
}

/** A project in the current commit, with the files that its links lead to. */
type Located = {
  readonly name: string;
  readonly manifest: string | undefined;
  readonly images: string | undefined;
  readonly manifestName: string;
  readonly imagesName: string;
};

type Walk = (commit: number, changed: readonly FileChange[]) => Promise<readonly ProjectStep[]>;

/** Returns a function that follows the tree from commit to commit. */
function treeWalk(
  git: GitRepository,
  { place, request }: Pick<ManifestRepository, 'place' | 'request'>,
  blobs: BlobReader,
  mentions: ReadonlySet<string> | undefined,
): Walk {
  const listed = new Map<string, TreeEntry>();
  const projects = new Map<string, Held & Contents>();
  let located: readonly Located[] = [];
  return async (commit, changed) => {
    // only another set of files, or another link, can make other projects
    if (apply(listed, changed, blobs)) located = await locate(listed, place, request, blobs);
    const steps: ProjectStep[] = [];
    const there = new Set(located.map(({ manifestName }) => manifestName));
    for (const [project, held] of projects) {
      if (there.has(project)) continue;
      projects.delete(project);
      steps.push({ commit, project, destinations: [], added: [], removed: [...held.entries.values()] });
    }
    for (const one of located) {
      const ids = [one.manifest, one.images].map((file) => fileAt(listed, file)?.id);
      const before = projects.get(one.manifestName);
      if (before?.ids.join(' ') === ids.join(' ')) continue;
      const [manifest, images] = await contentsOf(ids, before, blobs, git);
      const isTooLarge = ids[1] !== undefined && images === undefined;
      const found = isTooLarge ? undefined : entriesOf(one, { manifest, images }, mentions, before);
      const held = found ?? before ?? { destinations: [], entries: new Map() };
      projects.set(one.manifestName, { ...held, ids, bytes: [manifest, images] });
      const step = changedEntries(before, held);
      if (step !== undefined) steps.push({ commit, project: one.manifestName, ...step });
    }
    return steps;
  };
}

/** The two files of a project: one changes, and both are parsed. */
type Contents = {
  readonly ids: readonly (ObjectId | undefined)[];
  readonly bytes: readonly (Uint8Array | undefined)[];
};

async function contentsOf(
  ids: readonly (ObjectId | undefined)[],
  before: Contents | undefined,
  blobs: BlobReader,
  git: Pick<GitRepository, 'read'>,
): Promise<readonly (Uint8Array | undefined)[]> {
  const bytes: (Uint8Array | undefined)[] = [];
  for (const [index, id] of ids.entries()) {
    const known = id === undefined || id !== before?.ids[index] ? undefined : before.bytes[index];
    if (known !== undefined || id === undefined || blobs.size(id) > MAX_FILE) bytes.push(known);
    // a link may lead to a file of any name: those few are read one by one
    else bytes.push(new Uint8Array(blobs.get(id) ?? (await git.read([id])).get(id) ?? []));
  }
  return bytes;
}

function fileAt(listed: ReadonlyMap<string, TreeEntry>, file: string | undefined): TreeEntry | undefined {
  const entry = file === undefined ? undefined : listed.get(file);
  return entry?.kind === 'file' ? entry : undefined;
}

/** Updates the list of files; returns true if another set of files or another link may make other projects. */
function apply(listed: Map<string, TreeEntry>, changed: readonly FileChange[], blobs: BlobReader): boolean {
  let isOther = false;
  for (const { path: name, file } of changed) {
    const before = listed.get(name);
    if (file === undefined) listed.delete(name);
    else listed.set(name, { path: name, ...file, size: blobs.size(file.id) });
    isOther ||= before === undefined || file === undefined || before.kind !== file.kind || file.kind === 'link';
  }
  return isOther;
}

/** Finds the projects as loading them from the disk does. */
async function locate(
  listed: ReadonlyMap<string, TreeEntry>,
  place: string,
  request: LoadRequest,
  blobs: BlobReader,
): Promise<readonly Located[]> {
  const { kind, location } = onlyOne(request);
  const name = path.normalize(location);
  if (listed.has(place)) return [{ name, manifest: place, images: undefined, manifestName: name, imagesName: name }];
  const text = new TextDecoder();
  const links = [...listed.values()].filter((entry) => entry.kind === 'link' && entry.size <= MAX_TARGET);
  const targets = new Map(links.map(({ id }) => [id, text.decode(blobs.get(id))]));
  const files = filesOf([...listed.values()], place, targets, () => Promise.resolve(undefined));
  const found = await (kind === 'manifests' ? findTrees : findProjects)(files);
  return found.projects.map((project: FoundProject) => ({
    name: project.name,
    manifest: files.real(project.manifest)?.path,
    images: files.real(project.images)?.path,
    manifestName: path.join(location, project.manifest),
    imagesName: path.join(location, project.images),
  }));
}

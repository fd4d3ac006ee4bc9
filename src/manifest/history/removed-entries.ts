import { subjectOf, type ObjectId } from '../../git/objects.ts';
import type { GitRepository } from '../../git/repository.ts';
import type { GitServices } from '../../git/run.ts';
import { isPromotionError } from '../../errors.ts';
import { joinRepository, type RepositoryName } from '../../image/reference.ts';
import type { LoadRequest } from '../load.ts';
import type { Project } from '../manifest.ts';
import { parsePlain, parseThin } from '../parse.ts';
import { repositoryOf, type ManifestRepository } from './load-commit.ts';
import { projectHistory, type ProjectBlobs, type ProjectChange } from './project-history.ts';

/** An entry that is not in the tree: a digest of a destination repository, as a whole or with one of its tags. */
export type GoneEntry = {
  readonly repository: RepositoryName;
  readonly digest: string;
  readonly tag?: string | undefined;
};

/** The commit that removed an entry. */
export type Removal = {
  readonly commit: ObjectId;
  /** First line of the commit's message. */
  readonly subject: string;
  /** When it was committed, in Unix milliseconds. */
  readonly time: number;
};

/** What the history says of entries that are not in the tree. */
export type Removals = {
  /**
   * Returns the commit that removed the entry; `uncommitted` if HEAD still has it; undefined if no commit in reach had
   * it.
   */
  of(entry: GoneEntry): Removal | 'uncommitted' | undefined;
  /** Why an entry without a commit may have been in the tree nevertheless. */
  readonly unknown?: string;
};

/** Finds the commits of HEAD's own branch that removed these entries from the tree. */
export async function removedEntries(
  request: LoadRequest,
  entries: readonly GoneEntry[],
  services: GitServices,
): Promise<Removals> {
  if (entries.length === 0) return { of: () => undefined };
  try {
    return await search(await repositoryOf(request, services), entries);
  } catch (error) {
    if (!isPromotionError(error, 'GIT')) throw error;
    return { of: () => undefined, unknown: error.message };
  }
}

/** Changes whose files are in memory together: two files of some 100 KB each. */
const AT_ONCE = 50;

async function search(repository: ManifestRepository, entries: readonly GoneEntry[]): Promise<Removals> {
  const { git } = repository;
  const open = openEntries(entries);
  const { head, changes } = await projectHistory(repository);
  const reader = projectReader(git, open.byDigest);
  await reader.prepare([...head.values()]);
  for (const [project, blobs] of head)
    for (const entry of heldBy(await reader.read(project, blobs), open.byDigest)) open.close(entry, 'uncommitted');
  let unread: ProjectChange | undefined;
  for (let at = 0; at < changes.length && open.byDigest.size > 0; at += AT_ONCE) {
    const some = changes.slice(at, at + AT_ONCE);
    await reader.prepare(some.flatMap(({ before, after }) => [before, after].filter((side) => side !== undefined)));
    for (const change of some) {
      const { entries: removed, isKnown } = await removedBy(change, reader, open.byDigest);
      if (removed.length > 0 && !isKnown) unread ??= change;
      for (const entry of removed) open.close(entry, isKnown ? change : undefined);
    }
  }
  const unknown =
    unread !== undefined
      ? `${unread.project} cannot be read in commit ${unread.commit}`
      : open.byDigest.size > 0 && (await git.isShallow())
        ? 'the clone is shallow'
        : undefined;
  const subjects = await git.read(open.commits());
  return {
    of: (entry) => {
      const by = open.closedBy(entry);
      if (by === undefined || by === 'uncommitted') return by;
      const subject = subjectOf(subjects.get(by.commit) ?? new Uint8Array());
      return { commit: by.commit, time: by.time * 1000, subject };
    },
    ...(unknown !== undefined && { unknown }),
  };
}

type Open = ReadonlyMap<string, ReadonlyMap<string, GoneEntry>>;
type By = Pick<Removal, 'commit' | 'time'> | 'uncommitted' | undefined;

type OpenEntries = {
  /** The entries that are still looked for. */
  readonly byDigest: Open;
  /** Ends the search for an entry. */
  close(entry: GoneEntry, by: By): void;
  closedBy(entry: GoneEntry): By;
  commits(): readonly ObjectId[];
};

function openEntries(entries: readonly GoneEntry[]): OpenEntries {
  const byDigest = new Map<string, Map<string, GoneEntry>>();
  const closed = new Map<string, By>();
  for (const entry of entries) {
    const ofDigest = byDigest.get(entry.digest) ?? new Map<string, GoneEntry>();
    byDigest.set(entry.digest, ofDigest.set(keyOf(entry), entry));
  }
  return {
    byDigest,
    close: (entry, by) => {
      closed.set(keyOf(entry), by);
      const left = byDigest.get(entry.digest);
      left?.delete(keyOf(entry));
      if (left?.size === 0) byDigest.delete(entry.digest);
    },
    closedBy: (entry) => closed.get(keyOf(entry)),
    commits: () => [...closed.values()].flatMap((by) => (typeof by === 'object' ? [by.commit] : [])),
  };
}

/** Returns the entries that a project had before a commit and not after it; not known if it cannot be read after it. */
async function removedBy(
  { project, before, after }: ProjectChange,
  reader: ProjectReader,
  open: Open,
): Promise<{ readonly entries: readonly GoneEntry[]; readonly isKnown: boolean }> {
  const had = heldBy(before && (await reader.read(project, before)), open);
  const has = had.length === 0 || after === undefined ? undefined : await reader.read(project, after);
  const kept = new Set(heldBy(has, open));
  return { entries: had.filter((entry) => !kept.has(entry)), isKnown: has !== 'invalid' };
}

/** Returns those of the entries that a project wants. */
function heldBy(project: Read | undefined, open: Open): readonly GoneEntry[] {
  if (typeof project !== 'object') return [];
  const { destinations, images } = project;
  return images.flatMap(({ name, digests }) =>
    digests.flatMap(({ digest, tags }) => {
      const entries = [...(open.get(digest)?.values() ?? [])];
      return entries.filter(
        ({ repository, tag }) =>
          (tag === undefined || tags.includes(tag)) &&
          destinations.some((destination) => joinRepository(destination.name, name) === repository),
      );
    }),
  );
}

/** A project, or why there is none: it names none of the entries, or cannot be read. */
type Read = Project | 'unrelated' | 'invalid';

type ProjectReader = {
  /** Reads files with one process. */
  prepare(blobs: readonly ProjectBlobs[]): Promise<void>;
  /** Parses a project if its text contains a digest that is looked for. */
  read(project: string, blobs: ProjectBlobs): Promise<Read>;
};

function projectReader(git: Pick<GitRepository, 'read'>, open: Open): ProjectReader {
  let objects: ReadonlyMap<ObjectId, Uint8Array> = new Map();
  // what a commit finds before it is what the commit before it left
  const last = new Map<string, { readonly key: string; readonly read: Read }>();
  return {
    prepare: async (blobs) => {
      objects = await git.read(blobs.flatMap(({ manifest, images }) => [manifest, images]));
    },
    read: async (project, { manifest, images }) => {
      const known = last.get(project);
      const key = `${manifest} ${images}`;
      if (known?.key === key) return known.read;
      const missing = [manifest, images].filter((id) => !objects.has(id));
      if (missing.length > 0) objects = new Map([...objects, ...(await git.read(missing))]);
      const [head, list] = [objects.get(manifest), objects.get(images)];
      const isRelated = list !== undefined && namesSome(list, open);
      const read = isRelated && head !== undefined ? parsed(project, head, list, manifest === images) : 'unrelated';
      // digests that are not looked for any longer change nothing
      last.set(project, { key, read });
      return read;
    },
  };
}

function parsed(project: string, manifest: Uint8Array, images: Uint8Array, isPlain: boolean): Read {
  const file = { file: project, bytes: manifest };
  const found = isPlain
    ? parsePlain(project, file, undefined)
    : parseThin(project, file, { file: project, bytes: images }, undefined);
  return found.project ?? 'invalid';
}

function namesSome(bytes: Uint8Array, open: Open): boolean {
  const text = Buffer.from(bytes).toString('latin1');
  for (const [digest] of text.matchAll(/sha(?:256|512):[0-9a-f]{64,128}/g)) if (open.has(digest)) return true;
  return false;
}

function keyOf({ repository, digest, tag }: GoneEntry): string {
  return `${repository}@${digest}${tag === undefined ? '' : `:${tag}`}`;
}

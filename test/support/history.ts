import { execFileSync } from 'node:child_process';
import { parseObjects, type ObjectId, type TreeEntry } from '../../src/git/objects.ts';
import { findTrees } from '../../src/manifest/discover.ts';
import { changedFiles } from '../../src/manifest/changed-files.ts';
import type { DiffBase } from '../../src/manifest/history/diff-base.ts';
import type { FileSource } from '../../src/manifest/file-source.ts';
import { commitFiles } from '../../src/manifest/history/git-files.ts';
import { loadFound } from '../../src/manifest/load.ts';
import type { LoadedManifests, Project } from '../../src/manifest/manifest.ts';
import { changedProjects } from '../../src/manifest/diff/tree-diff.ts';
import { parseOnce } from '../../src/manifest/parse-once.ts';

/** One commit of a history, as a run with a diff sees it. */
type Replayed = {
  readonly commit: ObjectId;
  readonly subject: string;
  readonly head: LoadedManifests;
  /** Undefined for the first commit. */
  readonly before: DiffBase | undefined;
};

/**
 * Loads the tree `place` of the wanted commits of a linear history and of those before them, oldest first; three processes
 * of git read all of it.
 */
export async function* replay(
  repository: string,
  place: string,
  isWanted: (commit: ObjectId, index: number) => boolean,
): AsyncGenerator<Replayed> {
  const git = (args: readonly string[], input?: string): Buffer =>
    execFileSync('git', ['-C', repository, ...args], { input, maxBuffer: 1024 ** 3 });
  const log = git(['log', '--reverse', '--first-parent', '--raw', '--no-renames', '--no-abbrev', '--format=%x00%H %s']);
  const commits = log.toString('utf8').split('\0').slice(1).map(parseCommit);
  const ids = new Set(commits.flatMap(({ changes }) => changes.flatMap(({ id }) => (GONE.test(id) ? [] : [id]))));
  const objects = parseObjects(git(['cat-file', '--batch'], `${[...ids].join('\n')}\n`));
  const read = (wanted: readonly ObjectId[]): Promise<Map<ObjectId, Uint8Array>> =>
    Promise.resolve(new Map(wanted.map((id) => [id, objects.get(id) ?? new Uint8Array()])));
  const listed = new Map<string, TreeEntry>();
  const parse = parseOnce();
  let last: { readonly commit: ObjectId; readonly base: LoadedManifests; readonly files: FileSource } | undefined;
  for (const [index, { commit, subject, changes }] of commits.entries()) {
    for (const { path, id } of changes)
      if (GONE.test(id)) listed.delete(path);
      else listed.set(path, { path, id, kind: 'file', size: objects.get(id)?.length ?? 0 });
    const next = commits[index + 1];
    const isNow = isWanted(commit, index);
    if (!isNow && (next === undefined || !isWanted(next.commit, index + 1))) continue;
    const files = await commitFiles({ read }, [...listed.values()], place);
    const display = (file: string): string => `${place}/${file}`;
    const head = await loadFound(files, await findTrees(files), display, { allowed: undefined, parse });
    if (isNow) {
      const before = last && {
        base: last.base,
        commit: last.commit,
        isDirty: false,
        changed: await changedFiles(last.files, files, place, findTrees),
      };
      yield { commit, subject, head, before };
    }
    last = { commit, base: head, files };
  }
}

/** The name of an object that is not there. */
const GONE = /^0+$/;

function parseCommit(text: string): {
  readonly commit: ObjectId;
  readonly subject: string;
  readonly changes: readonly { readonly path: string; readonly id: ObjectId }[];
} {
  const [first = '', ...lines] = text.trim().split('\n');
  const [commit = '', ...words] = first.split(' ');
  const changes = lines.flatMap((line) => {
    const [facts = '', path = ''] = line.split('\t');
    const id = facts.split(' ')[3];
    return id === undefined ? [] : [{ path, id }];
  });
  return { commit, subject: words.join(' '), changes };
}

/**
 * Leaves out the projects that a change does not touch, and that have no image of the name of one that it does: nothing that
 * they want can differ, or be disputed because of the change. A change of a large tree is replayed in a fraction of the time.
 */
export function nearChange({ head, before, ...rest }: Replayed): Replayed {
  if (before === undefined) return { head, before, ...rest };
  const [here, there] = [head.projects, before.base.projects];
  const changed = [...changedProjects(here, there), ...changedProjects(there, here)];
  const names = new Set(changed.flatMap(namesOf));
  const isNear = (project: Project): boolean => namesOf(project).some((name) => names.has(name));
  const near = (loaded: LoadedManifests): LoadedManifests => ({ ...loaded, projects: loaded.projects.filter(isNear) });
  return { ...rest, head: near(head), before: { ...before, base: near(before.base) } };
}

/** The last part alone: the rest may stand in the name of a registry. */
function namesOf({ images }: Project): readonly string[] {
  return images.map(({ name }) => name.slice(name.lastIndexOf('/') + 1));
}

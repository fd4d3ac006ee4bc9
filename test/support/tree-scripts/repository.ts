import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { edited, filesOf, type Change, type Model, type Script } from './scripts.ts';

/** A repository in which a script was played. */
export type PlayedScript = AsyncDisposable & {
  /** The folder of the tree. */
  readonly path: string;
  /** The commits on the own branch, oldest first, and the tree of each. */
  readonly commits: readonly string[];
  readonly models: readonly Model[];
  /** The working tree. */
  readonly now: Model;
};

/** Makes a repository of the stream on stdin, and prints its commits. */
const IMPORT =
  'git init --quiet --initial-branch=main && git fast-import --quiet && git rev-list --first-parent --reverse main';

/** Plays a script in a new repository, with one process of git for all commits. */
export async function play({ changes, uncommitted }: Script): Promise<PlayedScript> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'kpromo-script-')));
  const { stream, models } = streamOf(changes);
  const printed = execFileSync('sh', ['-c', IMPORT], { cwd: folder, input: stream, encoding: 'utf8' });
  const commits = printed.trim().split('\n');
  const now = edited(models.at(-1) ?? new Map(), uncommitted);
  const path = join(folder, 'tree');
  // not `git checkout`: the files are known
  for (const [name, text] of [...filesOf(now), ['images/.keep', ''], ['manifests/.keep', '']] as const) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
  return { path, commits, models, now, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

type Stream = { readonly stream: string; readonly models: readonly Model[] };

/** Writes the commits for `git fast-import`; a merge has a branch on which its edits come one by one, and another before. */
function streamOf(changes: readonly Change[]): Stream {
  const lines: string[] = [];
  const models: Model[] = [];
  let model: Model = new Map();
  let mark = 0;
  let last = 0;
  const commit = (subject: string, tree: Model, parents: readonly number[]): number => {
    mark += 1;
    const [first, ...merged] = parents;
    lines.push(
      `commit refs/heads/${parents.length === 1 && subject.startsWith('side') ? 'side' : 'main'}`,
      `mark :${mark}`,
      `committer Tester <tester@example.com> ${1_767_000_000 + mark} +0000`,
      `data ${Buffer.byteLength(subject)}`,
      subject,
      ...(first === undefined || first === 0 ? [] : [`from :${first}`]),
      ...merged.map((parent) => `merge :${parent}`),
      'deleteall',
    );
    for (const [name, text] of [...filesOf(tree), ['images/.keep', ''], ['manifests/.keep', '']] as const)
      lines.push(`M 100644 inline tree/${name}`, `data ${Buffer.byteLength(text)}`, text);
    return mark;
  };
  for (const [index, { edits, isMerge }] of changes.entries()) {
    const next = edited(model, edits);
    let side = last;
    // what happens on a branch is not in the history of the tree
    if (isMerge && last > 0) for (const one of edits) side = commit('side', edited(model, [one, ...edits]), [side]);
    const subject = isMerge ? `Merge pull request #${index} from fork/branch` : `change (#${index})`;
    last = commit(subject, next, side === last ? [last] : [last, side]);
    model = next;
    models.push(model);
  }
  return { stream: `${lines.join('\n')}\n`, models };
}

import { PromotionError } from '../errors.ts';
import type { ObjectId } from './objects.ts';

/** One commit of a branch. */
export type Commit = {
  readonly id: ObjectId;
  /** The first parent; undefined for the very first commit, and for the oldest one that a shallow clone has. */
  readonly parent: ObjectId | undefined;
  /** When it was committed, in milliseconds of the clock. */
  readonly time: number;
  /** The first line of its message: foreign text. */
  readonly subject: string;
};

/** One file that a commit has otherwise than its first parent; `path` is relative to the top of the repository. */
export type FileChange = {
  readonly path: string;
  /** Undefined for a removed file. */
  readonly file: { readonly id: ObjectId; readonly kind: 'file' | 'link' | 'submodule' } | undefined;
};

/** The `--format` of `git rev-list` that `parseCommits` reads. */
export const COMMIT_FORMAT = '%x00%P%x00%ct%x00%s';

/** Parses the output of `git rev-list` with COMMIT_FORMAT. */
export function parseCommits(output: Buffer): Commit[] {
  const lines = output.toString('utf8').split('\n');
  return lines.flatMap((line, index): Commit[] => {
    const id = /^commit ([0-9a-f]+)$/.exec(line)?.[1];
    const [, parents, time, ...subject] = (id === undefined ? '' : (lines[index + 1] ?? '')).split('\0');
    if (id === undefined || parents === undefined || time === undefined) return [];
    const parent = parents.split(' ')[0] ?? '';
    return [{ id, parent: parent === '' ? undefined : parent, time: Number(time) * 1000, subject: subject.join(' ') }];
  });
}

/** Returns the lines that make `git diff-tree --stdin` compare each commit with its first parent. */
export function comparisons(commits: readonly Commit[]): string {
  return commits.map(({ id, parent }) => (parent === undefined ? `${id}\n` : `${id} ${parent}\n`)).join('');
}

const CHANGE = /^:\d{6} (\d{6}) [0-9a-f]+ ([0-9a-f]+) [A-Z]\d*$/;

/** Parses the output of `git diff-tree --stdin --raw -z`. Skips names that are not UTF-8, which no manifest has. */
export function parseChanges(output: Buffer): Map<ObjectId, FileChange[]> {
  const fields = output.toString('utf8').split('\0');
  const changes = new Map<ObjectId, FileChange[]>();
  let of: FileChange[] = [];
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index] ?? '';
    if (field === '') continue;
    if (/^[0-9a-f]+$/.test(field)) {
      of = [];
      changes.set(field, of);
      continue;
    }
    const [, mode, id] = CHANGE.exec(field) ?? [];
    if (mode === undefined || id === undefined)
      throw new PromotionError('GIT', `git diff-tree: ${field}: unknown output`, {
        hint: 'look at the git that PATH finds first',
      });
    index += 1;
    const path = fields[index] ?? '';
    if (path.includes('\uFFFD')) continue;
    const kind = mode === '120000' ? 'link' : mode === '160000' ? 'submodule' : 'file';
    of.push({ path, file: mode === '000000' ? undefined : { id, kind } });
  }
  return changes;
}

/** Parses the output of `git cat-file --batch-check`: sizes in bytes. */
export function parseSizes(output: Buffer): Map<ObjectId, number> {
  const lines = output.toString('utf8').split('\n');
  return new Map(
    lines.flatMap((line): [ObjectId, number][] => {
      const [, id, size] = /^([0-9a-f]+) \w+ (\d+)$/.exec(line) ?? [];
      if (id !== undefined && size !== undefined) return [[id, Number(size)]];
      if (line === '') return [];
      throw new PromotionError('GIT', `git cat-file: ${line}`, { hint: 'clone without --filter, or repair the clone' });
    }),
  );
}

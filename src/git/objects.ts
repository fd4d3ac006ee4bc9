import { PromotionError } from '../errors.ts';

/** The ID of an object: 40 or 64 hexadecimal digits. */
export type ObjectId = string;

/** A file of a commit; `path` is relative to the top of the repository. */
export type TreeEntry = {
  readonly path: string;
  readonly kind: 'file' | 'link' | 'submodule';
  readonly id: ObjectId;
  /** In bytes; 0 for a submodule. */
  readonly size: number;
};

// The size is `-` for a submodule, and BAD for an object that a partial clone lacks.
const ENTRY = /^(\d{6}) \w+ ([0-9a-f]+) +(\d+|-|BAD)\t([^]+)$/;

/** Parses the output of `git ls-tree -r -z -l`. Skips names that are not UTF-8, which no manifest has. */
export function parseTree(output: Buffer): TreeEntry[] {
  return output
    .toString('utf8')
    .split('\0')
    .flatMap((line): TreeEntry[] => {
      if (line === '' || line.includes('\uFFFD')) return [];
      const [, mode = '', id, size, path] = ENTRY.exec(line) ?? [];
      if (id === undefined || path === undefined) throw unreadable('ls-tree', line);
      const kind = mode === '120000' ? 'link' : mode === '160000' ? 'submodule' : 'file';
      return [{ path, kind, id, size: Number(size) || 0 }];
    });
}

/** Parses the output of `git cat-file --batch`; throws GIT for a missing object. */
export function parseObjects(output: Buffer): Map<ObjectId, Uint8Array> {
  const objects = new Map<ObjectId, Uint8Array>();
  for (let at = 0; at < output.length;) {
    const end = output.indexOf('\n', at);
    const head = output.toString('utf8', at, end);
    const [, id, size] = /^([0-9a-f]+) \w+ (\d+)$/.exec(head) ?? [];
    if (id === undefined || end < 0) throw unreadable('cat-file', head);
    const next = end + 1 + Number(size);
    objects.set(id, output.subarray(end + 1, next));
    at = next + 1; // a line feed follows the bytes
  }
  return objects;
}

/** Returns the parents of a commit, whether or not a shallow clone has them. */
export function parentsOf(commit: Buffer): ObjectId[] {
  const head = commit.toString('utf8').split('\n\n', 1)[0] ?? '';
  return [...head.matchAll(/^parent ([0-9a-f]+)$/gm)].map(([, id = '']) => id);
}

function unreadable(command: string, line: string): PromotionError {
  const isMissing = line.endsWith(' missing');
  return new PromotionError(
    'GIT',
    isMissing ? `git ${command}: ${line}` : `git ${command} printed a line that is none of its own: ${line}`,
    { hint: isMissing ? 'clone without --filter, or repair the clone' : 'look at the git that PATH finds first' },
  );
}

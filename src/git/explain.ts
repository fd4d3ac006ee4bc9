import { PromotionError } from '../errors.ts';

/** How to fetch the commits that a shallow clone lacks, by hand and in the usual CI systems. */
export const DEEPEN =
  'this is a shallow clone: run `git fetch --unshallow`, or set fetch-depth: 0 (GitHub Actions), GIT_DEPTH: 0 (GitLab) or clone_depth: 0 (Prow)';

/** Returns the error for a failed git command, with a hint if the cause is known. */
export function explain(args: readonly string[], code: number | null, message: string, folder: string): PromotionError {
  const of = (text: string, hint: string): PromotionError => new PromotionError('GIT', text, { hint });
  if (message.includes('dubious ownership'))
    return of(
      `git refuses the repository of ${folder}: another user owns it`,
      `if you trust it, run \`git config --global --add safe.directory ${ownedPath(message) ?? folder}\``,
    );
  if (message.includes('not a git repository') || message.includes('cannot use bare repository'))
    return inNoRepository(folder);
  if (/promisor|transport '.*' not allowed/.test(message))
    return of(`git ${args[0]}: an object is not in this clone`, 'clone without --filter');
  const line = message.split('\n').find((text) => text.trim() !== '') ?? `exit code ${code ?? 'none'}`;
  return of(
    `git ${args[0]} failed: ${line.trim()}`,
    `look at the repository of ${folder}, for example with \`git fsck\``,
  );
}

/** Returns the error for a folder that is not in a clone. */
export function inNoRepository(folder: string): PromotionError {
  return new PromotionError('GIT', `${folder} is in no Git repository`, {
    hint: 'run in a clone, or without --use-prow-manifest-diff and --manifest-diff-since',
  });
}

function ownedPath(message: string): string | undefined {
  return /safe\.directory (\S+)/.exec(message)?.[1];
}

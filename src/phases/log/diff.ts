import type { DiffBase } from '../../manifest/history/diff-base.ts';
import type { ImageChange, TreeDiff } from '../../manifest/diff/tree-diff.ts';
import type { Context } from '../../pipeline/phase.ts';
import { policyLines } from './policy-lines.ts';

/** So many images are named of those that are no longer managed. */
const MOST_NAMED = 10;
/** As many digits of a commit or digest as people compare. */
const SHORT = 12;

/**
 * Logs in a few lines how the tree differs from the one before, with upstream's words for how much of it is to do; `mended`
 * counts the problems of that one which are not in this one.
 */
export function tellDiff(
  { changes, removed, policyChanges }: TreeDiff,
  { commit, isDirty }: DiffBase,
  mended: number,
  { emit }: Context,
): void {
  const say = (message: string): void => emit({ type: 'log', level: 'info', message });
  say(
    `Comparing with ${commit === undefined ? 'nothing: there is no earlier commit' : `commit ${commit.slice(0, SHORT)}`}`,
  );
  if (isDirty) say('The manifests have changes that are not committed; they count');
  if (mended > 0) say(`Of that commit ${plural(mended, 'place')} cannot be read; what stands there counts as new`);
  for (const line of summary(changes)) say(`  ${line}`);
  const gone = removed.map(goneLine);
  if (gone.length > 0) say('Stays in production, no longer managed:');
  for (const line of gone.slice(0, MOST_NAMED)) say(`  ${line}`);
  if (gone.length > MOST_NAMED) say(`  and ${gone.length - MOST_NAMED} more`);
  for (const line of policyLines(policyChanges)) say(line);
  const digests = countDigests(changes);
  // the same words whatever was compared: scripts look for them
  say(
    digests === 0 ? 'No digests found in prow diff, nothing to promote' : `Found ${digests} digests to process in diff`,
  );
}

function summary(changes: readonly ImageChange[]): string[] {
  const of = (kind: ImageChange['kind']): ImageChange[] => changes.filter((change) => change.kind === kind);
  const lines = (
    [
      ['added', of('added')],
      ['retagged', of('retagged')],
      ['of another source', of('resourced')],
    ] as const
  ).flatMap(([word, found]) => (found.length === 0 ? [] : [`${word}: ${plural(countDigests(found), 'digest')}`]));
  const backfilled = of('backfilled');
  const mirrors = [...new Set(backfilled.flatMap(({ destinations }) => destinations))].toSorted();
  return [
    ...lines,
    ...mirrors.map((mirror) => {
      const found = backfilled.filter(({ destinations }) => destinations.includes(mirror));
      return `backfilled to ${mirror}: ${plural(countDigests(found), 'digest')}`;
    }),
  ];
}

function goneLine({ kind, name, digest, tags, destinations }: ImageChange): string {
  const image = `${name}@${digest.slice(0, 'sha256:'.length + SHORT)}…`;
  if (kind === 'added') return `${image}${tags.length === 0 ? '' : ` (${tags.join(', ')})`}`;
  return kind === 'retagged' ? `${image}: ${tags.join(', ')}` : `${image} on ${destinations.join(', ')}`;
}

function countDigests(changes: readonly ImageChange[]): number {
  return new Set(changes.map(({ source, digest }) => `${source}@${digest}`)).size;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

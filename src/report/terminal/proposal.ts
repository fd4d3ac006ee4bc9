import type { Position } from '../../errors.ts';
import { terminalLines } from '../../text/escape/terminal.ts';
import { count, few, shortDigests, table } from '../../text/layout.ts';

/** The additions of an edit, the tags that were there before, and the images of staging that it leaves out. */
export type ProposalSummary = {
  readonly file: string;
  readonly added: readonly {
    readonly name: string;
    readonly digest: string;
    readonly tags: readonly string[];
    readonly at: Position;
  }[];
  readonly present: readonly {
    readonly name: string;
    readonly tag: string;
    readonly digest: string;
    readonly at: Position;
  }[];
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
};

/** Images that are named of those with one reason to leave them out. */
const NAMED = 20;

/** Returns a line for each digest that is added, or with a dry run would be, and why other images are left out. */
export function proposalText({ file, added, present, leftOut }: ProposalSummary, isDryRun: boolean): string {
  const tags = added.reduce((sum, one) => sum + one.tags.length, 0);
  const head =
    added.length === 0
      ? `${file}: nothing to add; it has all that was asked for`
      : `${file}: ${count(added.length, 'digest')}, ${count(tags, 'tag')} ${isDryRun ? 'to add' : 'added'}`;
  const rows = added.map(({ name, digest, tags: own, at }) => [
    name,
    shortDigests(digest),
    own.join(', '),
    `line ${at.line}`,
  ]);
  const there = present.map(({ name, digest, tag, at }) => [
    name,
    shortDigests(digest),
    tag,
    `line ${at.line}, there already`,
  ]);
  const reasons = Map.groupBy(leftOut, ({ why }) => why);
  return terminalLines([
    head,
    ...table([...rows, ...there], '  '),
    ...[...reasons].map(
      ([why, images]) =>
        `left out, ${why}: ${few(
          images.map(({ name }) => name),
          NAMED,
        )}`,
    ),
  ]);
}

import type { Failure, Position } from '../errors.ts';
import { terminalLines } from '../text/escape/terminal.ts';
import { count, shortDigests, table } from '../text/layout.ts';

/** A part of the file of another tool, and what to do about it. */
type Told = { readonly at?: Position | undefined; readonly message: string; readonly hint?: string | undefined };

/** The result of an import: what was written where, and what was not taken over. */
export type ImportSummary = {
  readonly file: string;
  readonly output: string;
  readonly written: readonly {
    /** The folder of the project. */
    readonly name: string;
    readonly source: string;
    readonly destination: string;
    readonly images: readonly { readonly name: string; readonly tags: readonly string[] }[];
  }[];
  /** Tags that the tree had before. */
  readonly present: number;
  readonly failures: readonly Failure[];
  readonly findings: readonly (Told & { readonly kind: 'lost' | 'note' })[];
};

/** Returns a line for each project, and each part of the file that was not taken over, with its place and what to do. */
export function importText({ file, output, written, present, failures, findings }: ImportSummary): string {
  const all = [
    ...findings.map((one) => ({ ...one, word: one.kind === 'note' ? 'note' : 'not taken over' })),
    ...failures.map((one) => ({ ...one, word: one.code })),
  ];
  const lines = all
    .toSorted(byPlace)
    .flatMap(({ at, word, message, hint }) => [
      `${at === undefined ? file : `${at.file}:${at.line}:${at.column}`}  ${word}`,
      `    ${shortDigests(message)}`,
      ...(hint === undefined ? [] : [`    → ${hint}`]),
      '',
    ]);
  const rows = written.map(({ name, source, destination, images }) => [
    name,
    `${source} → ${destination}`,
    counted(images),
  ]);
  const there = present === 0 ? '' : `; ${count(present, 'tag')} ${present === 1 ? 'was' : 'were'} there already`;
  const head =
    written.length === 0
      ? `${output}: nothing to add${there}`
      : `${output}: ${count(written.length, 'project')}, ${counted(written.flatMap(({ images }) => images))} added${there}`;
  return terminalLines([...lines, head, ...table(rows, '  ')]);
}

function counted(images: readonly { readonly tags: readonly string[] }[]): string {
  const tags = images.reduce((sum, { tags: own }) => sum + own.length, 0);
  return `${count(images.length, 'digest')}, ${count(tags, 'tag')}`;
}

function byPlace({ at: one }: Told, { at: other }: Told): number {
  return (one?.line ?? 0) - (other?.line ?? 0) || (one?.column ?? 0) - (other?.column ?? 0);
}

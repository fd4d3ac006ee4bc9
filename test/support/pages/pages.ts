import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..', '..');

/** Folders whose pages users read. */
const FOLDERS = ['docs', 'manifests', 'deploy', 'action', 'examples'];

/** Every Markdown page that users read, as a path in the repository. */
export const PAGES: readonly string[] = [
  ...namesIn('').filter((name) => name.endsWith('.md')),
  ...FOLDERS.flatMap((folder) =>
    namesIn(folder, true)
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
];

/** Returns the text of a file of the repository. */
export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

function namesIn(folder: string, recursive = false): readonly string[] {
  try {
    return readdirSync(join(ROOT, folder), { recursive, encoding: 'utf8' }).toSorted();
  } catch {
    return [];
  }
}

/** A fenced block of a page. */
export type Block = {
  readonly language: string;
  readonly text: string;
  /** The line of the opening fence, from 1. */
  readonly line: number;
};

/** Returns the fenced blocks of a page in order; the indentation of a fence is removed from its lines. */
export function blocksOf(markdown: string): readonly Block[] {
  const fence = /^([ >]*)```([^\n`]*)\n((?:(?!^[ >]*```)[^\n]*\n)*)^[ >]*```$/gm;
  return [...markdown.matchAll(fence)].map(({ index, 1: indent = '', 2: language = '', 3: body = '' }) => ({
    language: language.trim(),
    text: body
      .split('\n')
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
      .join('\n'),
    line: markdown.slice(0, index).split('\n').length,
  }));
}

/** A command of a block, with what the page shows that it prints. */
export type Step = { readonly command: string; readonly output: string };

/** Returns the commands of a `console` block: lines after `$ `, continued by a backslash or by lines after `> `. */
export function stepsOf({ text }: Pick<Block, 'text'>): readonly Step[] {
  const steps: { command: string; output: string }[] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    const last = steps.at(-1);
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), output: '' });
    else if (last?.output === '' && (last.command.endsWith('\\') || line.startsWith('> ')))
      last.command += `\n${line.replace(/^> /, '')}`;
    else if (last !== undefined) last.output += `${line}\n`;
  }
  return steps;
}

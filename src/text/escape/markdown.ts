import { visible } from './hidden.ts';

/**
 * Formats untrusted text as inline code for GitHub's Markdown, which then contains no links, images, mentions or HTML.
 * Returns one line of at most `most` characters. A bar, which would end a table cell, becomes a broken bar.
 */
export function markdownCode(text: string, most = 300): string {
  // Only the visible part of untrusted text, which may be a megabyte, is processed.
  const whole = visible(text.trimStart().slice(0, most + 2))
    .replaceAll('|', '¦')
    .trim();
  const line = whole.length > most ? `${cut(whole, most - 1)}…` : whole;
  if (line === '') return '–';
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/**
 * Formats terminal-safe lines as a code block for GitHub's Markdown; the fence is longer than any in them. Lines beyond
 * `most` characters are only counted.
 */
export function markdownBlock(text: string, most: number): string {
  const lines = text.trimEnd().split('\n').map(visible);
  // 60: the fences and the line that counts the rest
  let left = most - 60;
  const kept = lines.findIndex((line) => (left -= line.length + 1) < 0);
  const shown = kept < 0 ? lines : [...lines.slice(0, kept), `… and ${lines.length - kept} more lines`];
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}text`, ...shown, fence].join('\n');
}

/** Cuts between characters, never inside a surrogate pair. */
function cut(text: string, length: number): string {
  const part = text.slice(0, length);
  return part.isWellFormed() ? part : part.slice(0, -1);
}

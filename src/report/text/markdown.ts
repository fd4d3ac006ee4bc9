import { visible } from './hidden.ts';

/**
 * Foreign text for GitHub's Markdown, as code: there neither links, images, mentions nor HTML are read. It is one line
 * of at most `most` characters; a bar, which would end a table's cell even there, becomes a broken bar.
 */
export function markdownCode(text: string, most = 300): string {
  // Whoever writes a megabyte shall not have all of it read for the line that is shown of it.
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

/** Cuts between characters, never inside a surrogate pair. */
function cut(text: string, length: number): string {
  const part = text.slice(0, length);
  return part.isWellFormed() ? part : part.slice(0, -1);
}

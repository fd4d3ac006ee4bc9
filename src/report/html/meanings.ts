import { readFileSync } from 'node:fs';

/** Rows of `docs/problems.md`: one or several codes, what happened, what to do. */
const ROW = /^\| ((?:`[A-Z_]+`(?:, )?)+) \| (.+?) \| (.+?) \|$/gm;

/** Returns what each error code means, in the words of `docs/problems.md`, without its markup. */
export function codeMeanings(): Readonly<Record<string, string>> {
  const text = readFileSync(new URL('../../../docs/problems.md', import.meta.url), 'utf8');
  return Object.fromEntries(
    [...text.matchAll(ROW)].flatMap(([, codes = '', what = '']) =>
      [...codes.matchAll(/[A-Z_]+/g)].map(([code]) => [code, plain(what)] as const),
    ),
  );
}

function plain(markdown: string): string {
  return markdown.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');
}

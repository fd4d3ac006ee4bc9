import { readFile } from 'node:fs/promises';
import { slipOf } from '../../nearest.ts';
import { goQuote } from '../go-quote.ts';
import { usage } from '../removed.ts';

// src/cli/commands and dist/cli/commands are equally deep below it
const PAGE = new URL('../../../docs/problems.md', import.meta.url);

/** One row of the page: the codes that it is about, and its two sentences. */
type Explanation = { readonly codes: readonly string[]; readonly happened: string; readonly remedy: string };

/** What `kpromo explain` prints: what happened and what to do, of one code or of all. Throws USAGE for an unknown code. */
export async function explanationText(code?: string): Promise<string> {
  const all = explanations(await readFile(PAGE, 'utf8'));
  if (code === undefined) return all.map(textOf).join('\n');
  const found = all.find(({ codes }) => codes.includes(code.toUpperCase()));
  if (found !== undefined) return textOf(found);
  const near = slipOf(
    code.toUpperCase(),
    all.flatMap(({ codes }) => codes),
  );
  const hint = near === undefined ? '`kpromo explain` lists all codes' : `did you mean ${near}?`;
  throw usage(`unknown problem code ${goQuote(code)}`, hint);
}

function explanations(page: string): readonly Explanation[] {
  return page.split('\n').flatMap((line) => {
    const [, codes = '', happened = '', remedy = ''] = line.split(/(?<!\\)\|/);
    const names = [...codes.matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => name);
    return names.length === 0 ? [] : [{ codes: names, happened: plain(happened), remedy: plain(remedy) }];
  });
}

/** Markdown as text; the pages that it links to are in the package. */
function plain(markdown: string): string {
  return markdown
    .replace(/\[([^\]]*)\]\(([^)]*)\)/g, (_, text: string, page: string) =>
      text === page ? `docs/${page}` : `${text} (docs/${page})`,
    )
    .replaceAll('\\|', '|')
    .trim();
}

function textOf({ codes, happened, remedy }: Explanation): string {
  return `${codes.join(', ')}\n  ${happened}\n  What to do: ${remedy}\n`;
}

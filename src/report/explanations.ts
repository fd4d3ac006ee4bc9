import { readFileSync } from 'node:fs';

/** One row of `docs/problems.md`: its codes, what happened, and what to do. */
export type Explanation = { readonly codes: readonly string[]; readonly happened: string; readonly remedy: string };

/** Reads the explanations of all error codes, as text without links. */
export function explanations(): readonly Explanation[] {
  const page = readFileSync(new URL('../../docs/problems.md', import.meta.url), 'utf8');
  return page.split('\n').flatMap((line) => {
    const [, codes = '', happened = '', remedy = ''] = line.split(/(?<!\\)\|/);
    const names = [...codes.matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => name);
    return names.length === 0 ? [] : [{ codes: names, happened: plain(happened), remedy: plain(remedy) }];
  });
}

/** Linked pages are part of the package, so their paths remain. */
function plain(markdown: string): string {
  return markdown
    .replace(/\[([^\]]*)\]\(([^)]*)\)/g, (_, text: string, page: string) =>
      text === page ? `docs/${page}` : `${text} (docs/${page})`,
    )
    .replaceAll('\\|', '|')
    .trim();
}

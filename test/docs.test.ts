import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensureBuilt, runCli } from './support/built-cli.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'RELEASE.md',
  'VERSIONING.md',
  'manifests/README.md',
  ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`),
];

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(markdown: string): ReadonlySet<string> {
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase());
  return new Set(headings.map((heading) => heading.replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')));
}

describe('the documentation', () => {
  it.each(PAGES)('links in %s to files that are there', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = '']) => target);
    const own = links.filter((link) => !/^https?:/.test(link));
    expect(own.filter((link) => !existsSync(join(ROOT, dirname(page), link)))).toEqual([]);
  });

  it.each(PAGES)('links in %s to headings that exist', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#\s]*)#([^)\s]+)\)/g)].filter(
      ([, target = '']) => !target.includes('://'),
    );
    const missing = links.filter(([, target = '', anchor = '']) => {
      const file = target === '' ? page : join(dirname(page), target);
      return !anchorsOf(read(file)).has(anchor);
    });
    expect(missing.map(([link]) => link)).toEqual([]);
  });

  it('lists every page in its index', () => {
    const index = read('docs/README.md');
    const unlisted = readdirSync(join(ROOT, 'docs')).filter(
      (name) => name !== 'README.md' && !index.includes(`(${name})`),
    );
    expect(unlisted).toEqual([]);
  });

  it('maps every folder of the sources', () => {
    const map = read('CONTRIBUTING.md');
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).filter((name) => !map.includes(`\`${name}/\``))).toEqual([]);
  });

  it('explains every code of a problem, and no other', () => {
    const [, union = ''] = /export type ErrorCode =([^;]+);/.exec(read('src/errors.ts')) ?? [];
    const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code);
    const rows = read('docs/problems.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    const explained = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code),
    );
    expect(codes.length).toBeGreaterThan(20);
    expect(new Set(explained)).toEqual(new Set(codes));
    expect(explained).toHaveLength(codes.length);
  });

  it('shows a first manifest that can be saved as it is, and promoted', async () => {
    await ensureBuilt();
    const [, yaml = ''] = /```yaml\n(registries:[^`]+)```/.exec(read('README.md')) ?? [];
    expect(yaml.trim().split('\n')).toHaveLength(8);
    const folder = mkdtempSync(join(tmpdir(), 'kpromo-docs-'));
    try {
      writeFileSync(join(folder, 'once.yaml'), yaml);
      const { code, stdout, stderr } = await runCli(['validate', 'once.yaml'], { cwd: folder });
      expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: 'once.yaml: valid, 1 image\n' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PASSES } from '../src/errors.ts';
import { ensureBuilt, runCli } from './support/built-cli.ts';
import { PAGES, readPage, ROOT } from './support/pages/pages.ts';

const read = readPage;

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

  it('begins each page with its readers', () => {
    const pages = PAGES.filter((page) => /^(?:docs\/|SECURITY|CONTRIBUTING|manifests\/)/.test(page));
    // an index, and a generated page
    const others = ['docs/README.md', 'docs/cli.md'];
    const silent = pages.filter((page) => !/^# .+\n\nFor (?:people|every)/.test(read(page)));
    expect(silent).toEqual(others);
  });

  it('lists every page in its index', () => {
    const index = read('docs/README.md');
    const unlisted = readdirSync(join(ROOT, 'docs')).filter(
      (name) => name !== 'README.md' && !index.includes(`(${name})`),
    );
    expect(unlisted).toEqual([]);
  });

  it('names only metrics that a run exports', () => {
    const exported = read('src/watch/metrics.ts');
    const named = PAGES.flatMap((page) => read(page).match(/\bkpromo_[a-z_]+\b/g) ?? []);
    expect(new Set(named).size).toBeGreaterThan(10);
    expect(named.filter((name) => !exported.includes(name.replace('kpromo_', "'")))).toEqual([]);
  });

  it('maps every folder of the sources', () => {
    const map = read('CONTRIBUTING.md');
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).filter((name) => !map.includes(`\`${name}/\``))).toEqual([]);
  });

  it.each(['docs/problems.md', 'docs/operations.md'])('has one row for every code of a problem in %s', (page) => {
    const codes = Object.keys(PASSES).toSorted((one, other) => one.localeCompare(other));
    const rows = read(page)
      .split('\n')
      .filter((line) => /^\| `[A-Z]/.test(line));
    const explained = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, code = '']) => code),
    );
    expect(explained.toSorted((one, other) => one.localeCompare(other))).toEqual(codes);
  });

  it('states the sizes that were measured', () => {
    const results = JSON.parse(read('bench/results.json')) as Record<string, { requests: number; peakMiB: number }>;
    const rows = [...read('docs/operations.md').matchAll(/\| ([\d,]+) \| (\d+) \| `([\w-]+)` \|$/gm)];
    const stated = rows.map(([, requests = '', peakMiB, name = '']) => ({
      name,
      requests: Number(requests.replaceAll(',', '')),
      peakMiB: Number(peakMiB),
    }));
    expect(stated.length).toBeGreaterThan(8);
    expect(stated).toEqual(
      stated.map(({ name }) => ({ name, requests: results[name]?.requests, peakMiB: results[name]?.peakMiB })),
    );
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

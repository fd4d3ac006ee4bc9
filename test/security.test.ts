import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

describe('SECURITY.md', () => {
  it('names tests that exist', async () => {
    const text = await readFile(join(ROOT, 'SECURITY.md'), 'utf8');
    const named = [...text.matchAll(/`((?:test|src|bench)\/[^`]+\.ts)`/g)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(60);
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('names a test for each attack', async () => {
    const text = await readFile(join(ROOT, 'SECURITY.md'), 'utf8');
    const tables = [...text.matchAll(/^\| (?:attack|case) \| [^|]+ \| shown by \|\n\|[-|]+\|\n((?:\|.*\n)+)/gm)];
    const rows = tables.flatMap(([, body = '']) => body.trimEnd().split('\n'));
    expect(rows.length).toBeGreaterThan(45);
    expect(rows.filter((row) => !/`[\w./-]+\.ts` \|$/.test(row))).toEqual([]);
  });
});

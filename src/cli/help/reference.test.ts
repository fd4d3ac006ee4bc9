import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cliReference, writeMoreSchemas, writePolicySchema, writeReference, writeSchema } from './reference.ts';

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-docs-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

describe('src/cli/help/reference.ts', () => {
  it('returns 0 if docs/cli.md is up to date', async () => {
    expect(await readFile(new URL('../../../docs/cli.md', import.meta.url), 'utf8')).toBe(cliReference());
  });

  it('writes a missing page and then accepts it', async () => {
    const page = pathToFileURL(join(await emptyFolder(), 'cli.md'));
    expect(await writeReference(['--check'], page)).toBe(1);
    expect(await writeReference([], page)).toBe(0);
    expect(await writeReference(['--check'], page)).toBe(0);
  });

  it.each([
    ['the registry configuration', writeSchema],
    ['the policy of a tree', writePolicySchema],
  ])('does the same with the schema of %s', async (_, write) => {
    const file = pathToFileURL(join(await emptyFolder(), 'schema.json'));
    expect(await write(['--check'], file)).toBe(1);
    expect(await write([], file)).toBe(0);
    expect(await write(['--check'], file)).toBe(0);
  });

  it('does the same with all other schemas', async () => {
    const folder = pathToFileURL(`${await emptyFolder()}/`);
    expect(await writeMoreSchemas(['--check'], folder)).toBe(1);
    expect(await writeMoreSchemas([], folder)).toBe(0);
    expect(await writeMoreSchemas(['--check'], folder)).toBe(0);
    expect(await writeMoreSchemas(['--check'])).toBe(0);
  });

  it('returns 1 for an edited page, and does not change it', async () => {
    const page = pathToFileURL(join(await emptyFolder(), 'cli.md'));
    await writeFile(page, `${cliReference()}more`);
    expect(await writeReference(['--check'], page)).toBe(1);
    expect(await readFile(page, 'utf8')).toMatch(/more$/);
  });

  it('documents flags with types and defaults, and no hidden ones', () => {
    expect(cliReference()).toMatch(/^\| `--threads N` +\| int +\| `20` +\| Number of/m);
    expect(cliReference()).not.toContain('max-image-size');
  });
});

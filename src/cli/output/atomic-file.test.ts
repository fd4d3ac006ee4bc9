import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { unwritable, writeAtomically } from './atomic-file.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'kpromo-atomic-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

describe('src/cli/output/atomic-file.ts', () => {
  it('replaces the file and leaves no temporary file', async () => {
    const path = await folder();
    await writeFile(join(path, 'a'), 'before');
    await writeAtomically(join(path, 'a'), 'after');
    expect(await readFile(join(path, 'a'), 'utf8')).toBe('after');
    expect(await readdir(path)).toEqual(['a']);
  });

  it('keeps the old file after a failure', async () => {
    const path = await folder();
    await mkdir(join(path, 'a', 'b'), { recursive: true });
    await expect(writeAtomically(join(path, 'a'), 'text')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(await readdir(path)).toEqual(['a']);
  });

  it('checks without a trace if a file can be written', async () => {
    const path = await folder();
    expect(await unwritable(join(path, 'a'))).toBeUndefined();
    expect(await unwritable(path)).toBe('is a folder');
    expect(await unwritable(join(path, 'no', 'a'))).toBe(`is in ${join(path, 'no')}, which does not exist`);
    await writeFile(join(path, 'file'), 'text');
    expect(await unwritable(join(path, 'file', 'a'))).toMatch(/^cannot be written in .*ENOTDIR/);
    expect(await readdir(path)).toEqual(['file']);
  });
});

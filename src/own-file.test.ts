import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createOwnFile, isDevice } from './own-file.ts';

async function folder(parent = tmpdir()): Promise<string> {
  const path = await realpath(await mkdtemp(join(parent, 'kpromo-own-')));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

describe('src/own-file.ts', () => {
  it('replaces a link, and leaves its target unchanged', async () => {
    const [tree, outside] = [await folder(), await folder()];
    await writeFile(join(outside, 'precious'), 'mine');
    await symlink(join(outside, 'precious'), join(tree, 'out'));
    const file = await createOwnFile(join(tree, 'out'));
    await file.handle.writeFile('ours');
    await file.handle.close();
    await file.place();
    expect(await readFile(join(tree, 'out'), 'utf8')).toBe('ours');
    expect(await readFile(join(outside, 'precious'), 'utf8')).toBe('mine');
    expect(await readdir(tree)).toEqual(['out']);
  });

  it('uses a different name each time, and leaves no file behind', async () => {
    const tree = await folder();
    const files = [await createOwnFile(join(tree, 'out')), await createOwnFile(join(tree, 'out'))];
    expect(new Set(await readdir(tree)).size).toBe(2);
    for (const name of await readdir(tree)) expect(name).toMatch(/^\.out\.[0-9a-f]{16}\.tmp$/);
    for (const file of files) await file.discard();
    expect(await readdir(tree)).toEqual([]);
  });

  it('rejects a path that leaves the working folder through a link', async () => {
    const [tree, outside] = [await folder(process.cwd()), await folder()];
    await mkdir(join(tree, 'inside'));
    await symlink(outside, join(tree, 'away'));
    await symlink('inside', join(tree, 'near'));
    await expect(createOwnFile(join(tree, 'away', 'out'))).rejects.toThrow('out of the working folder');
    await (await createOwnFile(join(tree, 'near', 'out'))).discard();
    // whoever names a folder elsewhere means it
    await (await createOwnFile(join(outside, 'out'))).discard();
    expect(await readdir(outside)).toEqual([]);
  });

  it.each([
    ['/dev/stdout', true],
    ['/dev/full', true],
    ['/proc/self/fd/1', true],
    ['/tmp', false],
    ['/nonexistent/file', false],
  ])('returns whether %s is written directly: %s', async (path, expected) => {
    expect(await isDevice(path)).toBe(expected);
  });
});

import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { replaceFile } from './project-file.ts';

const [OLD, NEW] = [Buffer.from('old\n'), Buffer.from('new\n')];

async function fileIn(): Promise<{ readonly folder: string; readonly file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-edit-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'images.yaml');
  await writeFile(file, OLD);
  return { folder, file };
}

describe('src/manifest/edit/project-file.ts', () => {
  it.each([0o600, 0o664, 0o755])('replaces a file, keeps its mode %o, and leaves nothing beside it', async (mode) => {
    const { folder, file } = await fileIn();
    await chmod(file, mode);
    await replaceFile(file, OLD, NEW);
    expect([await readFile(file, 'utf8'), (await stat(file)).mode & 0o777, await readdir(folder)]).toEqual([
      'new\n',
      mode,
      ['images.yaml'],
    ]);
  });

  it('writes the file that a link leads to', async () => {
    const { folder, file } = await fileIn();
    const link = join(folder, 'link.yaml');
    await symlink('images.yaml', link);
    await replaceFile(link, OLD, NEW);
    expect([await readFile(file, 'utf8'), (await readdir(folder)).length]).toEqual(['new\n', 2]);
    expect((await stat(link)).isFile()).toBe(true);
  });

  it('leaves a file alone that has changed since it was read, or has gone', async () => {
    const { file } = await fileIn();
    await expect(replaceFile(file, NEW, OLD)).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      hint: 'run the command again',
    });
    expect(await readFile(file, 'utf8')).toBe('old\n');
    await rm(file);
    await expect(replaceFile(file, OLD, NEW)).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
  });
});

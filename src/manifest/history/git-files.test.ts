import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { createRepository, gitServices, type TestRepository } from '../../../test/support/git.ts';
import { isPromotionError } from '../../errors.ts';
import { openRepository } from '../../git/repository.ts';
import { diskFiles, type FileSource } from '../file-source.ts';
import { commitFiles } from './git-files.ts';

let made: TestRepository;
const opened = async (root: string): Promise<FileSource> => {
  const repository = await openRepository(made.path, gitServices());
  return commitFiles(repository, await repository.list(await repository.commit('HEAD'), root), root);
};
/** Returns the result of an action, or the message and hint of its error. */
const outcome = async (action: Promise<unknown>): Promise<unknown> => {
  try {
    const value = await action;
    return value instanceof Uint8Array ? Buffer.from(value).toString() : value;
  } catch (error) {
    if (!isPromotionError(error)) throw error;
    return [error.code, error.message, error.hint];
  }
};

beforeEach(async () => {
  made = await createRepository();
});
afterEach(() => made[Symbol.asyncDispose]());

const LINKS = {
  'tree/to-file': 'a/images.yaml',
  'tree/to-folder': 'a',
  'tree/a/up': '../b/promoter-manifest.yaml',
  'tree/back': '../tree/a',
  'tree/via': 'to-folder/up',
  'tree/out': '../outside.yaml',
  'tree/far': '../../../../etc/hostname',
  'tree/absolute': '/etc/hostname',
  'tree/broken': 'nothing',
  'tree/circle': 'circle2',
  'tree/circle2': 'circle',
  'tree/self/itself': '.',
};
const PATHS = [
  '',
  'a',
  'a/images.yaml',
  'a/other',
  'b',
  'b/promoter-manifest.yaml',
  'none',
  'a/none',
  'a/images.yaml/x',
  'self',
  'to-file',
  'to-folder',
  'to-folder/images.yaml',
  'a/up',
  'back',
  'back/images.yaml',
  'via',
  'out',
  'absolute',
  'far',
  'broken',
  'self/itself',
  'self/itself/itself/itself',
  'self/images.yaml',
];

describe('src/manifest/history/git-files.ts', () => {
  it.each(['tree', ''])('lists and reads below %j as the disk does, links and all', async (root) => {
    for (const [name, target] of Object.entries(LINKS)) await made.link(name, target);
    await made.commit({
      'tree/a/images.yaml': 'images',
      'tree/a/other': 'other',
      'tree/b/promoter-manifest.yaml': 'manifest',
      'tree/self/images.yaml': 'self',
      'outside.yaml': 'secret',
    });
    const commit = await opened(root);
    const disk = await diskFiles(join(made.path, root));
    for (const path of PATHS) {
      const name = root === '' ? `tree/${path}` : path;
      expect([name, await outcome(commit.list(name))]).toEqual([name, await outcome(disk.list(name))]);
      expect([name, await outcome(commit.read(name))]).toEqual([name, await outcome(disk.read(name))]);
    }
    const circle = await outcome(commit.read(root === '' ? 'tree/circle' : 'circle'));
    expect(circle).toBeUndefined();
    expect(await outcome(commit.read(root === '' ? 'outside.yaml' : 'out'))).toEqual(
      root === '' ? 'secret' : ['MANIFEST_INVALID', 'a link leaves the tree', 'put the file itself in its place'],
    );
  });

  it('refuses a file that is too large without reading it', async () => {
    await made.commit({ 'tree/images.yaml': 'x'.repeat(8 * 1024 * 1024 + 1), 'tree/ok/images.yaml': 'fine' });
    const files = await opened('tree');
    await expect(files.read('images.yaml')).rejects.toThrow('the file is larger than 8388608 bytes');
    expect(await outcome(files.read('ok/images.yaml'))).toBe('fine');
  });

  it('takes a submodule for a folder of nothing', async () => {
    await made.write({ 'tree/a/images.yaml': 'x' });
    made.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},tree/module`);
    made.git('add', 'tree/a');
    made.git('commit', '--quiet', '-m', 'all');
    const files = await opened('tree');
    expect(await files.list('')).toEqual([
      { name: 'a', kind: 'folder', isLink: false },
      { name: 'module', kind: 'folder', isLink: false },
    ]);
    expect(await files.list('module')).toEqual([]);
    await expect(files.read('module')).rejects.toThrow('this is not a file');
  });

  it('has nothing where the commit has nothing', async () => {
    await made.commit({ a: '1' });
    const files = await opened('tree');
    expect([await files.list(''), await files.read('images.yaml')]).toEqual([undefined, undefined]);
  });
});

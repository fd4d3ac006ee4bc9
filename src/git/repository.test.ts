import { chown, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createRepository, DAY, gitServices, NOON, type TestRepository } from '../../test/support/git.ts';
import { isPromotionError, type PromotionError } from '../errors.ts';
import { openRepository, type GitRepository } from './repository.ts';

let made: TestRepository;
const open = (path = made.path): Promise<GitRepository> => openRepository(path, gitServices());
/** The GIT error that an action ends with. */
const errorOf = async (action: Promise<unknown>): Promise<PromotionError> => {
  const error = await action.then(
    () => expect.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!isPromotionError(error, 'GIT')) throw error;
  return error;
};

beforeEach(async () => {
  made = await createRepository();
});
afterEach(() => made[Symbol.asyncDispose]());

describe('src/git/repository.ts', () => {
  it('finds the top level from a folder below it', async () => {
    await made.commit({ 'a/b/c.yaml': 'x' });
    expect((await open(join(made.path, 'a/b'))).topLevel).toBe(made.path);
  });

  it('resolves names and parents, and knows the first commit by its having none', async () => {
    const first = await made.commit({ a: '1' });
    const second = await made.commit({ a: '2' });
    const repository = await open();
    expect(await repository.commit('HEAD')).toBe(second);
    expect(await repository.commit(first.slice(0, 10))).toBe(first);
    expect(await repository.parent(second)).toBe(first);
    expect(await repository.parent(first)).toBeUndefined();
  });

  it('finds the oldest commit of a window and the last one before it', async () => {
    const ids = [];
    for (const age of [30, 10, 5, 1]) ids.push(await made.commit({ a: String(age) }, NOON - age * DAY));
    const repository = await open();
    expect(await repository.oldestSince(NOON - 14 * DAY)).toBe(ids[1]);
    expect(await repository.oldestSince(NOON - 5 * DAY)).toBe(ids[2]);
    expect(await repository.oldestSince(NOON)).toBeUndefined();
    expect(await repository.lastBefore(NOON - 14 * DAY)).toBe(ids[0]);
    expect(await repository.lastBefore(NOON - 3 * DAY)).toBe(ids[2]);
    expect(await repository.lastBefore(NOON - 31 * DAY)).toBeUndefined();
  });

  it('takes a branch that was merged later for as young as its merge', async () => {
    const base = await made.commit({ a: '1' }, NOON - 30 * DAY);
    made.git('checkout', '--quiet', '-b', 'work');
    await made.commit({ b: '1' }, NOON - 20 * DAY);
    made.git('checkout', '--quiet', 'main');
    made.git('-c', 'user.name=T', 'merge', '--quiet', '--no-ff', '--no-edit', 'work');
    expect(await (await open()).lastBefore(NOON - 10 * DAY)).toBe(base);
  });

  it('lists the files below a path with odd names, links and submodules, and reads them in one go', async () => {
    const odd = 'tree/a "b"\n\tc.yaml';
    await made.write({ [odd]: 'odd', 'tree/d.yaml': 'd', 'treetop/e.yaml': 'e' });
    await made.link('tree/link', '../treetop');
    made.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},tree/module`);
    made.git('add', '--all', ':!tree/module');
    made.git('commit', '--quiet', '-m', 'all');
    const repository = await open();
    const entries = await repository.list(await repository.commit('HEAD'), 'tree');
    expect(entries.map(({ path, kind, size }) => `${kind} ${size} ${path}`).toSorted()).toEqual([
      'file 1 tree/d.yaml',
      `file 3 ${odd}`,
      'link 10 tree/link',
      'submodule 0 tree/module',
    ]);
    const ids = entries.filter(({ kind }) => kind !== 'submodule').map(({ id }) => id);
    const objects = await repository.read([...ids, ...ids]);
    expect([...objects.values()].map((bytes) => Buffer.from(bytes).toString()).toSorted()).toEqual([
      '../treetop',
      'd',
      'odd',
    ]);
    expect(await repository.list(await repository.commit('HEAD'), 'nowhere')).toEqual([]);
  });

  it('says where the clone came from without credentials', async () => {
    const repository = await open();
    expect(await repository.origin()).toBeUndefined();
    made.git('remote', 'add', 'origin', 'https://user:secret@example.com/acme/images.git?token=secret');
    expect(await repository.origin()).toBe('https://example.com/acme/images.git');
  });

  it('names the way out when a shallow clone lacks what is asked', async () => {
    const first = await made.commit({ a: '1' }, NOON - 10 * DAY);
    await made.commit({ a: '2' }, NOON - DAY);
    await using clone = await made.shallow(1);
    const repository = await open(clone.path);
    const head = await repository.commit('HEAD');
    expect(await repository.isShallow()).toBe(true);
    const actions = [
      () => repository.parent(head),
      () => repository.commit(first),
      () => repository.oldestSince(NOON - 2 * DAY),
    ];
    for (const action of actions)
      expect((await errorOf(action())).hint).toMatch(/git fetch --unshallow.*fetch-depth: 0/);
    expect(await repository.oldestSince(NOON)).toBeUndefined();
    expect(await repository.lastBefore(NOON - 2 * DAY)).toBeUndefined();
  });

  it.each(['nothing', '0'.repeat(40), '--upload-pack=touch pwned', '-h', ''])('has no commit %j', async (name) => {
    await made.commit({ a: '1' });
    const { message, hint } = await errorOf((await open()).commit(name));
    expect(message).toBe(`this clone has no commit ${name}`);
    expect(hint).toContain('git fetch');
    expect(await readdir(made.path)).toEqual(['.git', 'a']);
  });

  it('resolves a branch that looks like an option', async () => {
    const id = await made.commit({ a: '1' });
    made.git('update-ref', 'refs/heads/--upload-pack=evil', id);
    await made.commit({ a: '2' });
    expect(await (await open()).commit('refs/heads/--upload-pack=evil')).toBe(id);
  });

  it('asks for a commit where there is none yet', async () => {
    expect((await errorOf((await open()).commit('HEAD'))).hint).toBe('commit the manifests first');
  });

  it('says that a folder is in no repository', async () => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'kpromo-none-')));
    onTestFinished(() => rm(folder, { recursive: true }));
    expect((await errorOf(open(folder))).message).toBe(`${folder} is in no Git repository`);
  });

  it('says that git is missing', async () => {
    const { message, hint } = await errorOf(
      openRepository(made.path, { ...gitServices(), env: { PATH: '/nonexistent' } }),
    );
    expect(message).toBe('the program git is missing');
    expect(hint).toMatch(/^install git/);
  });

  it('stops with the reason of the signal', async () => {
    const controller = new AbortController();
    const opening = openRepository(made.path, gitServices(controller.signal));
    controller.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
    await expect(openRepository(made.path, gitServices(controller.signal))).rejects.toThrow('enough');
  });

  it.skipIf(process.getuid?.() !== 0)(
    'says how to trust a repository of another user (only root can make one)',
    async () => {
      await made.commit({ a: '1' });
      await chown(made.path, 65_534, 65_534);
      await chown(join(made.path, '.git'), 65_534, 65_534);
      const { message, hint } = await errorOf(open());
      expect(message).toMatch(/another user owns it$/);
      expect(hint).toContain(`git config --global --add safe.directory ${made.path}`);
    },
  );
});

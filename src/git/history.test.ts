import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRepository, gitServices, NOON, type TestRepository } from '../../test/support/git.ts';
import { openRepository, type GitRepository } from './repository.ts';

let made: TestRepository;
beforeEach(async () => void (made = await createRepository()));
afterEach(() => made[Symbol.asyncDispose]());

const open = (at = made): Promise<GitRepository> => openRepository(at.path, gitServices());
const WHO = ['-c', 'user.name=T', '-c', 'user.email=t@example.com'];

describe('src/git/history.ts', () => {
  it('returns the own branch of a commit, newest first, without the commits of merged branches', async () => {
    const first = await made.commit({ a: '1' });
    made.git('checkout', '--quiet', '-b', 'side');
    await made.commit({ b: '1' });
    made.git('checkout', '--quiet', 'main');
    made.git(...WHO, 'merge', '--quiet', '--no-ff', '-m', 'Merge pull request #7 from f/side', 'side');
    const tip = made.git('rev-parse', 'HEAD');
    const { commits, isWhole } = await (await open()).ownBranch(tip);
    expect(commits.map(({ id, parent, subject }) => [id, parent, subject])).toEqual([
      [tip, first, 'Merge pull request #7 from f/side'],
      [first, undefined, 'a change'],
    ]);
    expect([commits[1]?.time, isWhole]).toEqual([NOON, true]);
  });

  it('returns changed, removed and linked files against the first parent, below a path that is not a pattern', async () => {
    await made.commit({ '*/a': '1', 'x/a': '1' });
    await made.link('*/l', 'a');
    await made.commit({ '*/a': '2', 'x/a': '2' });
    await made.commit({ '*/a': undefined });
    const repository = await open();
    const { commits } = await repository.ownBranch(await repository.commit('HEAD'));
    const changes = await repository.changes(commits, '*');
    const shown = commits.map(({ id }) => changes.get(id)?.map(({ path, file }) => `${path} ${file?.kind ?? 'gone'}`));
    expect(shown).toEqual([['*/a gone'], ['*/a file', '*/l link'], ['*/a file']]);
    const ids = [...changes.values()].flatMap((files) => files.flatMap(({ file }) => file?.id ?? []));
    expect([...(await repository.sizes(ids)).values()]).toEqual([1, 1, 1]);
  });

  it('is not changed by settings of the clone', async () => {
    await made.commit({ a: '1' });
    await made.commit({ a: undefined, b: '1' });
    for (const [name, value] of [
      ['diff.renames', 'copies'],
      ['diff.relative', 'true'],
      ['log.showRoot', 'false'],
      ['log.diffMerges', 'off'],
      ['diff.noprefix', 'true'],
    ] as const)
      made.git('config', name, value);
    const repository = await open();
    const { commits } = await repository.ownBranch(await repository.commit('HEAD'));
    const changes = await repository.changes(commits, '');
    expect(commits.map(({ id }) => changes.get(id)?.map(({ path }) => path))).toEqual([['a', 'b'], ['a']]);
  });

  it('says that a shallow clone is not whole', async () => {
    await made.commit({ a: '1' });
    await made.commit({ a: '2' });
    await using clone = await made.shallow(1);
    const repository = await open(clone);
    const { commits, isWhole } = await repository.ownBranch(await repository.commit('HEAD'));
    expect([commits.length, commits[0]?.parent, isWhole]).toEqual([1, undefined, false]);
  });

  it('finds the last common commit, if there is one', async () => {
    const first = await made.commit({ a: '1' });
    made.git('checkout', '--quiet', '-b', 'side');
    const side = await made.commit({ b: '1' });
    made.git('checkout', '--quiet', 'main');
    const main = await made.commit({ a: '2' });
    made.git('checkout', '--quiet', '--orphan', 'other');
    const other = await made.commit({ c: '1' });
    const repository = await open();
    expect(await repository.mergeBase(side, main)).toBe(first);
    expect(await repository.mergeBase(other, main)).toBeUndefined();
  });
});

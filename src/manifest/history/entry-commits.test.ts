import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRepository, gitServices, type TestRepository } from '../../../test/support/git.ts';
import type { Digest } from '../../image/digest.ts';
import { entryCommits, treeCommit, type EntryCommits, type EntryQuery } from './entry-commits.ts';
import { repositoryOf } from './load-commit.ts';

const [A, B] = ['a', 'b'].map((letter): Digest => `sha256:${letter.repeat(64)}`) as [Digest, Digest];
const manifest = (...to: readonly string[]): string =>
  `registries:\n- {name: s.test, src: true}\n${to.map((name) => `- {name: ${name}}\n`).join('')}`;
const images = (name: string, digest: Digest, ...tags: readonly string[]): string =>
  `- name: ${name}\n  dmap:\n    "${digest}": [${tags.join(', ')}]\n`;
const project = (name: string, list: string, ...to: readonly string[]): Readonly<Record<string, string>> => ({
  [`k8s/manifests/${name}/promoter-manifest.yaml`]: manifest(...to),
  [`k8s/images/${name}/images.yaml`]: list,
});

let made: TestRepository;
beforeEach(async () => void (made = await createRepository()));
afterEach(() => made[Symbol.asyncDispose]());

async function spansOf(query: EntryQuery, at = made): Promise<readonly EntryCommits[]> {
  const repository = await repositoryOf({ manifests: join(at.path, 'k8s') }, gitServices());
  return (await entryCommits(repository, at.git('rev-parse', 'HEAD'), [query])).get(query) ?? [];
}
const commitsOf = (spans: readonly EntryCommits[]): unknown =>
  spans.map(({ digest, addedBy, removedBy }) => [digest, addedBy?.id, removedBy?.id]);

describe('src/manifest/history/entry-commits.ts', () => {
  it('finds the commits that added and removed a digest, a tag, and a tag of one digest', async () => {
    const first = await made.commit(project('p', images('app', A, 'v1'), 'd.test'));
    const second = await made.commit(project('p', images('app', A, 'v2'), 'd.test'));
    const third = await made.commit(project('p', images('app', B, 'v1'), 'd.test'));
    const repository = 'd.test/app';
    expect(commitsOf(await spansOf({ repository, digest: A }))).toEqual([[A, first, third]]);
    expect(commitsOf(await spansOf({ repository, tag: 'v1' }))).toEqual([
      [A, first, second],
      [B, third, undefined],
    ]);
    expect(commitsOf(await spansOf({ repository, tag: 'v1', digest: A }))).toEqual([[A, first, second]]);
    expect(commitsOf(await spansOf({ repository: 'e.test/app', tag: 'v1' }))).toEqual([]);
  });

  it('takes a repository for one, however registry and name divide it', async () => {
    const first = await made.commit(project('p', images('sub/app', A, 'v1'), 'd.test/x'));
    await made.commit(project('q', images('app', A, 'v1'), 'd.test/x/sub'));
    expect(commitsOf(await spansOf({ repository: 'd.test/x/sub/app', tag: 'v1' }))).toEqual([[A, first, undefined]]);
  });

  it('follows a mirror that is added, and a project that gets another name', async () => {
    await made.commit(project('p', images('app', A, 'v1'), 'd.test'));
    const second = await made.commit(project('p', images('app', A, 'v1'), 'd.test', 'e.test'));
    made.git('mv', 'k8s/manifests/p', 'k8s/manifests/q');
    made.git('mv', 'k8s/images/p', 'k8s/images/q');
    await made.commit();
    expect(commitsOf(await spansOf({ repository: 'e.test/app', tag: 'v1' }))).toEqual([[A, second, undefined]]);
  });

  it('takes files that cannot be read for unchanged', async () => {
    const first = await made.commit(project('p', images('app', A, 'v1'), 'd.test'));
    await made.commit({ 'k8s/images/p/images.yaml': '- [' });
    await made.commit(project('p', images('app', A, 'v1', 'v2'), 'd.test'));
    expect(commitsOf(await spansOf({ repository: 'd.test/app', tag: 'v1' }))).toEqual([[A, first, undefined]]);
  });

  it('takes a file that is too large, or a submodule, for unchanged or not there', async () => {
    const first = await made.commit(project('p', images('app', A, 'v1'), 'd.test'));
    await made.commit({ 'k8s/images/p/images.yaml': `# ${'x'.repeat(9 * 1024 * 1024)}\n${images('app', B, 'v1')}` });
    expect(commitsOf(await spansOf({ repository: 'd.test/app', tag: 'v1' }))).toEqual([[A, first, undefined]]);
    made.git('rm', '--quiet', 'k8s/images/p/images.yaml');
    made.git('update-index', '--add', '--cacheinfo', `160000,${first},k8s/images/p/images.yaml`);
    made.git('-c', 'user.name=T', '-c', 'user.email=t@example.com', 'commit', '--quiet', '-m', 'a submodule');
    const last = made.git('rev-parse', 'HEAD');
    expect(commitsOf(await spansOf({ repository: 'd.test/app', tag: 'v1' }))).toEqual([[A, first, last]]);
  });

  it('follows links, and finds a tag with an escape', async () => {
    await made.commit({ 'k8s/images/other.yaml': images('app', A, '"\\x76one"'), 'k8s/images/p/.keep': '' });
    await made.link('k8s/images/p/images.yaml', '../other.yaml');
    const linked = await made.commit({ 'k8s/manifests/p/promoter-manifest.yaml': manifest('d.test') });
    const changed = await made.commit({ 'k8s/images/other.yaml': images('app', B, 'vone') });
    expect(commitsOf(await spansOf({ repository: 'd.test/app', tag: 'vone' }))).toEqual([
      [A, linked, changed],
      [B, changed, undefined],
    ]);
  });

  it('does not know the commit before a shallow clone', async () => {
    await made.commit(project('p', images('app', A, 'v1'), 'd.test'));
    await made.commit(project('p', images('app', A, 'v1', 'v2'), 'd.test'));
    const third = await made.commit(project('p', images('app', A, 'v1', 'v2', 'v3'), 'd.test'));
    await using clone = await made.shallow(2);
    expect(commitsOf(await spansOf({ repository: 'd.test/app', tag: 'v2' }, clone))).toEqual([
      [A, undefined, undefined],
    ]);
    expect(commitsOf(await spansOf({ repository: 'd.test/app', tag: 'v3' }, clone))).toEqual([[A, third, undefined]]);
  });

  it.each([
    ['Merge pull request #6859 from a/b', 6859],
    ['Merge pull request #6859', 6859],
    ['promote app v1 (#12)', 12],
    ['see (#12) for more', undefined],
    ['Merge branch main', undefined],
  ])('reads the pull request of %j', (subject, number) => {
    expect(treeCommit({ id: '1', parent: undefined, time: 0, subject }).pullRequest).toBe(number);
  });
});

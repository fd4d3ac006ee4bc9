import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRepository, DAY, gitServices, NOON, type TestRepository } from '../../../test/support/git.ts';
import { loadDiffBase, type Against, type DiffBase } from './diff-base.ts';
import type { LoadRequest } from '../load.ts';

const [A, B] = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string];
const MANIFEST = 'registries:\n- {name: s.test, src: true}\n- {name: m.test}\n';
const images = (...digests: readonly string[]): string =>
  `- name: app\n  dmap:\n${digests.map((digest) => `    "${digest}": [v${digest.charAt(7)}]\n`).join('')}`;
const tree = (...digests: readonly string[]): Record<string, string> => ({
  'k8s/manifests/p/promoter-manifest.yaml': MANIFEST,
  'k8s/images/p/images.yaml': images(...digests),
});

let made: TestRepository;
const POSTSUBMIT = { JOB_TYPE: 'postsubmit' };
const load = (
  against: Against,
  { env = {}, request, path = made.path }: { env?: Record<string, string>; request?: LoadRequest; path?: string } = {},
): Promise<DiffBase> => {
  const services = gitServices();
  return loadDiffBase(request ?? { manifests: join(path, 'k8s') }, against, {
    ...services,
    env: { ...services.env, ...env },
  });
};
const digests = ({ base }: DiffBase): readonly string[] =>
  base.projects.flatMap((project) => project.images.flatMap((image) => image.digests.map(({ digest }) => digest)));

beforeEach(async () => {
  made = await createRepository();
});
afterEach(() => made[Symbol.asyncDispose]());

describe('src/manifest/history/diff-base.ts', () => {
  it('loads for a pull request the commit that it starts from', async () => {
    const start = await made.commit(tree(A));
    await made.commit({});
    await made.commit(tree(A, B));
    const found = await load('prow', { env: { JOB_TYPE: 'presubmit', PULL_BASE_SHA: start } });
    expect([digests(found), found.commit, found.isDirty, found.base.problems]).toEqual([[A], start, false, []]);
    expect(found.base.projects[0]?.imagesFile).toBe(join(made.path, 'k8s/images/p/images.yaml'));
  });

  it('loads after a merge the first parent', async () => {
    const start = await made.commit(tree(A));
    made.git('checkout', '--quiet', '-b', 'work');
    await made.commit(tree(A, B));
    made.git('checkout', '--quiet', 'main');
    made.git('merge', '--quiet', '--no-ff', '--no-edit', 'work');
    expect((await load('prow', { env: POSTSUBMIT })).commit).toBe(start);
  });

  it('loads nothing before the first commit', async () => {
    await made.commit(tree(A));
    const found = await load('prow', { env: POSTSUBMIT });
    expect([digests(found), found.commit]).toEqual([[], undefined]);
  });

  it('loads nothing where the folder was not there yet, or held nothing', async () => {
    await made.commit({ 'README.md': 'hello' });
    await made.commit(tree(A));
    expect((await load('prow', { env: POSTSUBMIT })).base).toEqual({ projects: [], problems: [] });
    expect((await load('prow', { env: POSTSUBMIT, request: { manifests: made.path } })).base.projects).toEqual([]);
  });

  it('loads for a time the parent of the oldest commit since then', async () => {
    await made.commit({ 'README.md': '1' }, NOON - 20 * DAY);
    const old = await made.commit(tree(A), NOON - 15 * DAY);
    await made.commit({ 'README.md': '2' }, NOON - 13 * DAY);
    await made.commit(tree(A, B), NOON - DAY);
    expect((await load({ since: NOON - 14 * DAY })).commit).toBe(old);
    expect(digests(await load({ since: NOON - 14 * DAY }))).toEqual([A]);
    expect(digests(await load({ since: NOON - 30 * DAY }))).toEqual([]);
  });

  it('loads the policies that were there', async () => {
    const policy = (threshold: number): string => `vulnerabilities: {threshold: ${threshold}}`;
    await made.commit({ ...tree(A), 'k8s/promoter-policy.yaml': policy(3) });
    await made.commit({ 'k8s/promoter-policy.yaml': policy(4) });
    const { base, isDirty } = await load('prow', { env: POSTSUBMIT });
    expect([base.projects[0]?.policy?.vulnerabilities?.threshold, isDirty]).toEqual([3, false]);
    await made.write({ 'k8s/promoter-policy.yaml': policy(5) });
    expect((await load('prow', { env: POSTSUBMIT })).isDirty).toBe(true);
  });

  it('loads HEAD itself when no commit is so young', async () => {
    const head = await made.commit(tree(A), NOON - 15 * DAY);
    expect((await load({ since: NOON - 14 * DAY })).commit).toBe(head);
  });

  it('also loads plain manifests and single trees', async () => {
    const plain = (text: string): string => `${MANIFEST}images:\n${text}`;
    await made.commit({ ...tree(A), 'once.yaml': plain(images(A)) });
    await made.commit({ ...tree(A, B), 'once.yaml': plain(images(A, B)) });
    for (const request of [
      { manifest: join(made.path, 'once.yaml') },
      { manifests: join(made.path, 'once.yaml') },
      { thinManifestDir: join(made.path, 'k8s') },
      { manifests: made.path },
    ])
      expect([request, digests(await load('prow', { env: POSTSUBMIT, request }))]).toEqual([request, [A]]);
  });

  it.each<[string, Record<string, string | undefined>]>([
    ['a change', { 'k8s/images/p/images.yaml': images(A, B) }],
    ['a file that is gone', { 'k8s/images/p/images.yaml': undefined }],
    ['a new policy', { 'k8s/promoter-policy.yaml': 'artifactTypes: []' }],
    ['a new project', { 'k8s/images/q/images.yaml': images(A), 'k8s/manifests/q/promoter-manifest.yaml': MANIFEST }],
  ])('says that %s is not committed', async (_, files) => {
    await made.commit(tree(A));
    expect((await load('prow', { env: POSTSUBMIT })).isDirty).toBe(false);
    await made.write(files);
    expect((await load('prow', { env: POSTSUBMIT })).isDirty).toBe(true);
  });

  it('reads a repository whose objects are named by SHA-256', async () => {
    await using other = await createRepository('sha256');
    const start = await other.commit(tree(A));
    await other.commit(tree(A, B));
    const found = await load('prow', { env: POSTSUBMIT, path: other.path });
    expect([start.length, found.commit, digests(found), found.isDirty]).toEqual([64, start, [A], false]);
  });

  it('cares for manifests alone', async () => {
    await made.commit(tree(A));
    await made.write({ 'k8s/README.md': 'new' });
    expect((await load('prow', { env: POSTSUBMIT })).isDirty).toBe(false);
  });

  it('refuses a shallow clone with the way out', async () => {
    const first = await made.commit(tree(A));
    await made.commit(tree(A, B));
    await using clone = await made.shallow(1);
    const path = clone.path;
    for (const env of [POSTSUBMIT, { JOB_TYPE: 'batch', PULL_BASE_SHA: first }])
      await expect(load('prow', { env, path })).rejects.toMatchObject({
        code: 'GIT',
        hint: expect.stringContaining('git fetch --unshallow'),
      });
    await expect(load({ since: NOON - DAY }, { path })).rejects.toMatchObject({ code: 'GIT' });
  });

  it('refuses a job of another type before it looks at the clone', async () => {
    const request = { manifests: '/nonexistent' };
    await expect(load('prow', { env: { JOB_TYPE: 'periodic' }, request })).rejects.toThrow(
      'a job of the type "periodic"',
    );
  });
});

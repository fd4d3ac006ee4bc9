import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createRepository, DAY, gitServices, NOON, type TestRepository } from '../../../test/support/git.ts';
import type { Digest } from '../../image/digest.ts';
import type { EntryQuery } from './entry-commits.ts';
import { removedEntries } from './removed-entries.ts';

const [A, B, C] = ['a', 'b', 'c'].map((letter) => `sha256:${letter.repeat(64)}` as const) as [Digest, Digest, Digest];
const REPOSITORY = 'm.test/prod/app';

const images = (entries: Readonly<Record<string, readonly string[]>>): Record<string, string> => ({
  'tree/images/one/images.yaml': `- name: app\n  dmap: ${JSON.stringify(entries)}\n`,
});
const registries = (...mirrors: readonly string[]): Record<string, string> => ({
  'tree/manifests/one/promoter-manifest.yaml': `registries:\n- {name: s.test, src: true}\n${mirrors.map((name) => `- {name: ${name}}\n`).join('')}`,
});

let made: TestRepository;
beforeEach(async () => {
  made = await createRepository();
});
afterEach(() => made[Symbol.asyncDispose]());

/** What the history says of each entry: `uncommitted`, the commit, or nothing. */
async function removed(
  entries: readonly EntryQuery[],
  folder = made.path,
): Promise<{ readonly by: readonly (string | undefined)[]; readonly unknown: string | undefined }> {
  const found = await removedEntries({ manifests: join(folder, 'tree') }, entries, gitServices());
  const by = entries.map((entry) => {
    const removal = found.of(entry);
    return typeof removal === 'object' ? removal.id : removal;
  });
  return { by, unknown: found.unknown };
}

const entry = (digest: Digest, tag?: string, repository = REPOSITORY): EntryQuery => ({ repository, digest, tag });

describe('src/manifest/history/removed-entries.ts', () => {
  it('returns the commit that removed a digest, a tag of a digest, a mirror and a project', async () => {
    await made.commit({ ...registries('m.test/prod', 'n.test/prod'), ...images({ [A]: ['v1', 'v2'], [B]: ['v3'] }) });
    const tag = await made.commit(images({ [A]: ['v2'], [B]: ['v3'] }));
    const digest = await made.commit(images({ [B]: ['v3'] }), NOON + DAY);
    const mirror = await made.commit(registries('m.test/prod'));
    const project = await made.commit({
      'tree/images/one/images.yaml': undefined,
      'tree/manifests/one/promoter-manifest.yaml': undefined,
    });
    expect(
      await removed([entry(A, 'v1'), entry(A), entry(A, 'v2'), entry(B, 'v3', 'n.test/prod/app'), entry(B)]),
    ).toEqual({ by: [tag, digest, digest, mirror, project], unknown: undefined });
    const gone = entry(A);
    const found = await removedEntries({ manifests: join(made.path, 'tree') }, [gone], gitServices());
    expect(found.of(gone)).toEqual({ id: digest, subject: 'a change', time: NOON + DAY, pullRequest: undefined });
  });

  it('returns the last of several removals, and nothing for what was never there', async () => {
    await made.commit({ ...registries('m.test/prod'), ...images({ [A]: ['v1'] }) });
    await made.commit(images({ [B]: [] }));
    await made.commit(images({ [A]: ['v1'] }));
    const last = await made.commit(images({ [B]: [] }));
    expect(await removed([entry(A), entry(C), entry(A, 'v9'), entry(A, 'v1', 'other.test/app')])).toEqual({
      by: [last, undefined, undefined, undefined],
      unknown: undefined,
    });
  });

  it('returns the merge that removed an entry on a branch', async () => {
    await made.commit({ ...registries('m.test/prod'), ...images({ [A]: ['v1'], [B]: ['v2'] }) });
    made.git('checkout', '--quiet', '-b', 'branch');
    await made.commit(images({ [B]: ['v2'] }));
    made.git('checkout', '--quiet', 'main');
    await made.commit({ other: 'text' });
    made.git('merge', '--quiet', '--no-ff', '-m', 'Merge pull request #1', 'branch');
    expect((await removed([entry(A)])).by).toEqual([made.git('rev-parse', 'HEAD')]);
  });

  it('says that a removal is not committed', async () => {
    await made.commit({ ...registries('m.test/prod'), ...images({ [A]: ['v1'] }) });
    await made.write(images({ [B]: ['v1'] }));
    expect(await removed([entry(A, 'v1')])).toEqual({ by: ['uncommitted'], unknown: undefined });
  });

  it('does not know what a shallow clone, or no repository, had', async () => {
    await made.commit({ ...registries('m.test/prod'), ...images({ [A]: ['v1'] }) });
    await made.commit(images({ [B]: ['v1'] }));
    await using clone = await made.shallow(1);
    expect(await removed([entry(A)], clone.path)).toEqual({ by: [undefined], unknown: 'the clone is shallow' });
    const folder = await mkdtemp(join(tmpdir(), 'kpromo-none-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const nowhere = await removedEntries({ manifests: folder }, [entry(A)], gitServices());
    expect([nowhere.of(entry(A)), nowhere.unknown]).toEqual([undefined, expect.stringContaining('no Git repository')]);
  });

  it('names the commit that made an invalid file valid again without an entry', async () => {
    await made.commit({ ...registries('m.test/prod'), ...images({ [A]: ['v1'] }) });
    await made.commit({ 'tree/images/one/images.yaml': `{ # ${A}` });
    const removal = await made.commit(images({ [B]: ['v1'] }));
    expect(await removed([entry(A)])).toEqual({ by: [removal], unknown: undefined });
  });

  it('reads a plain manifest', async () => {
    const plain = (...digests: readonly string[]): Record<string, string> => ({
      'once.yaml': `registries:\n- {name: s.test, src: true}\n- {name: m.test/prod}\nimages:\n${digests.map((digest) => `- {name: app, dmap: {"${digest}": []}}\n`).join('')}`,
    });
    await made.commit(plain(A, B));
    const commit = await made.commit(plain(B));
    const gone = entry(A);
    const found = await removedEntries({ manifest: join(made.path, 'once.yaml') }, [gone], gitServices());
    expect(found.of(gone)).toMatchObject({ id: commit });
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createRepository, DAY, gitServices, NOON, type TestRepository } from '../../../test/support/git.ts';
import { entriesSince } from './entry-ages.ts';
import { loadManifests } from '../load.ts';

const [A, B, C] = ['a', 'b', 'c'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string, string];
const manifest = (...digests: readonly string[]): Record<string, string> => ({
  'once.yaml': `registries:\n- {name: s.test, src: true}\n- {name: m.test}\nimages:\n${digests.map((digest) => `- {name: app, dmap: {"${digest}": []}}\n`).join('')}`,
});

let made: TestRepository;
const since = async (
  days: number,
  folder = made.path,
): Promise<{ young?: readonly string[]; reasons: readonly string[] }> => {
  const request = { manifest: join(folder, 'once.yaml') };
  const { projects } = await loadManifests(request);
  const sets = projects.flatMap(({ source, images }) =>
    images.map(({ name, digests }) => ({ source: `${source}/${name}`, images: digests })),
  );
  const reasons: string[] = [];
  const young = await entriesSince(request, sets, NOON - days * DAY, gitServices(), (reason) => reasons.push(reason));
  return { ...(young !== undefined && { young: [...young] }), reasons };
};

beforeEach(async () => {
  made = await createRepository();
  await made.commit(manifest(A), NOON - 30 * DAY);
  await made.commit(manifest(A, B), NOON - 10 * DAY);
});
afterEach(() => made[Symbol.asyncDispose]());

describe('src/manifest/history/entry-ages.ts', () => {
  it('returns the entries that are new', async () => {
    expect(await since(14)).toEqual({ young: [`s.test/app@${B}`], reasons: [] });
    expect(await since(5)).toEqual({ young: [], reasons: [] });
    expect((await since(60)).young).toHaveLength(2);
  });

  it('counts an entry that is not committed', async () => {
    await made.write(manifest(A, B, C));
    expect((await since(5)).young).toEqual([`s.test/app@${C}`]);
  });

  it('returns undefined for a shallow clone that does not reach back far enough', async () => {
    await using clone = await made.shallow(1);
    expect(await since(14, clone.path)).toEqual({ reasons: ['the clone does not go back far enough'] });
    expect(await since(5, clone.path)).toEqual({ young: [], reasons: [] });
  });

  it('returns undefined without a repository', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kpromo-none-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'once.yaml'), manifest(A)['once.yaml'] ?? '');
    const { young, reasons } = await since(14, folder);
    expect([young, reasons]).toEqual([undefined, [expect.stringMatching(/is in no Git repository$/)]]);
  });
});

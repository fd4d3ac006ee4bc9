import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRepository, DAY, type TestRepository } from '../support/git.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
import { digestOfLabel, imageOf, labelOf } from '../support/promotion/plan-cases.ts';
import { storeImage } from '../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';

const CONFIRM = ['--confirm', '--sign=false'];
const PROW = [...CONFIRM, '--use-prow-manifest-diff'];
const POSTSUBMIT = { JOB_TYPE: 'postsubmit' };

let registries: TestRegistry[];
let tree: TestRepository;
const at = (index: number): TestRegistry => registries[index] ?? expect.fail(`there is no registry ${index}`);
const hold = (index: number, path: string, label: string, ...tags: string[]): void =>
  void storeImage(at(index).store, path, imageOf(label), tags);
const tagsOf = (index: number, path: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(at(index).snapshot()[path]?.tags ?? {}).map(([tag, digest]) => [tag, labelOf(digest)]),
  );
const requests = (): number => registries.reduce((sum, { counters }) => sum + counters.log.length, 0);

/** `promoter-manifest.yaml` of a project from registry 0 to these. */
const manifest = (...mirrors: readonly number[]): string =>
  `registries:\n- {name: ${at(0).host}/staging, src: true}\n${mirrors.map((index) => `- {name: ${at(index).host}/prod}\n`).join('')}`;
const MANIFEST = 'manifests/app/promoter-manifest.yaml';
const IMAGES = 'images/app/images.yaml';
const [A, B] = ['A', 'B'].map(digestOfLabel) as [string, string];

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CipRun> {
  for (const { counters } of registries) counters.reset();
  return cip(['--manifests', tree.path, ...args], { env: { PATH: process.env['PATH'] ?? '', ...env } });
}

beforeEach(async () => {
  registries = await Promise.all(Array.from({ length: 4 }, () => startRegistry()));
  tree = await createRepository();
  for (const label of ['A', 'B']) hold(0, 'staging/app', label);
});
afterEach(async () => {
  await tree[Symbol.asyncDispose]();
  await Promise.all(registries.map((registry) => registry.close()));
  const unexpected = registries.flatMap((registry) => registry.unexpected);
  if (unexpected.length > 0) throw new Error(`requests that no registry knows: ${unexpected.join(', ')}`);
});

describe('runs that look at a diff', () => {
  it('R5 ends without a request for a commit that touches a manifest and no image', async () => {
    await tree.commit({ [MANIFEST]: manifest(1, 2), [IMAGES]: `- name: app\n  dmap:\n    "${A}": ["v1"]\n` });
    await tree.commit({ [MANIFEST]: `# reviewed by nobody yet\n${manifest(2, 1)}` });
    const { code, log } = await run(PROW, POSTSUBMIT);
    expect([code, requests()]).toEqual([0, 0]);
    expect(log).toContain('info No digests found in prow diff, nothing to promote');
  });

  it('R5 plans a backfill, and says so, for a commit that adds a mirror', async () => {
    await tree.commit({
      [MANIFEST]: manifest(1, 2),
      [IMAGES]: `- name: app\n  dmap:\n    "${A}": ["v1"]\n    "${B}": []\n`,
    });
    await tree.commit({ [MANIFEST]: manifest(1, 3, 2) });
    const { code, log } = await run(PROW, POSTSUBMIT);
    expect(code).toBe(0);
    expect(log).toContain(`info   backfilled to ${at(3).host}/prod: 2 digests`);
    expect(log).toContain('info Found 2 digests to process in diff');
    expect(tagsOf(3, 'prod/app')).toEqual({ v1: 'A' });
    expect(Object.keys(at(3).snapshot()['prod/app']?.manifests ?? {})).toContain(B);
    // the mirrors that were there before are not even asked
    expect([at(1), at(2)].map(({ counters }) => counters.log.length)).toEqual([0, 0]);
  });

  it.each([
    ['a tag on a line of its own', `- name: app\n  dmap:\n    "${A}":\n    - "v1"\n    - "v2"\n`, { v1: 'A', v2: 'A' }],
    ['an unquoted digest', `- name: app\n  dmap:\n    "${A}":\n    - "v1"\n    ${B}: [v3]\n`, { v1: 'A', v3: 'B' }],
    ['a digest in single quotes', `- name: app\n  dmap:\n    "${A}": [v1]\n    '${B}': [v3]\n`, { v1: 'A', v3: 'B' }],
    [
      'two digests on one line',
      `- {name: app, dmap: {"${A}": [v1, v2], "${B}": [v3]}}\n`,
      { v1: 'A', v2: 'A', v3: 'B' },
    ],
  ])('R21 promotes %s after a merge', async (_, images, expected) => {
    hold(1, 'prod/app', 'A', 'v1');
    await tree.commit({ [MANIFEST]: manifest(1), [IMAGES]: `- name: app\n  dmap:\n    "${A}":\n    - "v1"\n` });
    await tree.commit({ [IMAGES]: images });
    expect((await run(PROW, POSTSUBMIT)).code).toBe(0);
    expect(tagsOf(1, 'prod/app')).toEqual(expected);
  });

  it('leaves alone what a pull request does not touch, missing or not', async () => {
    const base = await tree.commit({
      [MANIFEST]: manifest(1),
      [IMAGES]: `- name: app\n  dmap:\n    "${A}": [v1]\n- {name: lost, dmap: {"${B}": [v1]}}\n`,
    });
    await tree.commit({
      [IMAGES]: `- name: app\n  dmap:\n    "${A}": [v1]\n    "${B}": [v2]\n- {name: lost, dmap: {"${B}": [v1]}}\n`,
    });
    const env = { JOB_TYPE: 'presubmit', PULL_BASE_SHA: base };
    const { code, stdout, summary } = await run(['--use-prow-manifest-diff'], env);
    expect(code).toBe(0);
    expect(stdout).toContain('Plan: 1 of 1 changed image to promote, 1 reference');
    expect(stdout).toContain(`The change (compared with commit ${base.slice(0, 12)}):\n  added  1 digest\n`);
    expect(stdout).toMatch(/^Added:\n {2}app {2}from \S+\/app\n {4}sha256:[0-9a-f]{12}… {2}v2\n/m);
    expect(stdout + summary).not.toContain('lost');
    const whole = await run([]);
    expect([whole.code, whole.summary.includes('LOST')]).toEqual([1, true]);
  });

  it('promotes nothing that an entry outside of the diff disputes', async () => {
    await tree.commit({ [MANIFEST]: manifest(1), [IMAGES]: `- {name: app, dmap: {"${A}": [v1]}}\n` });
    await tree.commit({ [IMAGES]: `- {name: app, dmap: {"${A}": [v1], "${B}": [v1, v2]}}\n` });
    const { code, summary } = await run(PROW, POSTSUBMIT);
    expect([code, summary.includes('TAG_CONFLICT')]).toEqual([1, true]);
    expect(tagsOf(1, 'prod/app')).toEqual({ v2: 'B' });
  });

  it('looks at what changed within some days, uncommitted changes included', async () => {
    const now = Date.now();
    const entry = (digest: string, tag: string): string => `    "${digest}": [${tag}]\n`;
    await tree.commit({ [MANIFEST]: manifest(1), [IMAGES]: `- name: app\n  dmap:\n${entry(A, 'v1')}` }, now - 20 * DAY);
    await tree.commit({ 'README.md': 'hello' }, now - 3 * DAY);
    expect(await run([...CONFIRM, '--manifest-diff-since=14 days'])).toMatchObject({ code: 0 });
    expect(requests()).toBe(0);
    await tree.write({ [IMAGES]: `- name: app\n  dmap:\n${entry(A, 'v1')}${entry(B, 'v2')}` });
    const { code, log } = await run([...CONFIRM, '--manifest-diff-since=14d']);
    expect(code).toBe(0);
    expect(log).toContain('info The manifests have changes that are not committed; they count');
    expect(tagsOf(1, 'prod/app')).toEqual({ v2: 'B' });
    expect((await run([...CONFIRM, '--manifest-diff-since=30d'])).code).toBe(0);
    expect(tagsOf(1, 'prod/app')).toEqual({ v1: 'A', v2: 'B' });
  });

  it('divides what changed among shards, as one run promotes it', async () => {
    const names = ['app', 'tool', 'lib', 'web'];
    for (const name of names) for (const label of ['A', 'B']) hold(0, `staging/${name}`, label);
    const images = (digest: string, tag: string): string =>
      names.map((name) => `- name: ${name}\n  dmap:\n    "${digest}": ["${tag}"]\n`).join('');
    await tree.commit({ [MANIFEST]: manifest(1), [IMAGES]: images(A, 'v1') }, Date.now() - 3 * DAY);
    await tree.write({ [IMAGES]: `${images(A, 'v1')}${images(B, 'v2')}` });
    for (const index of [2, 1, 0]) {
      const { code } = await run([...CONFIRM, '--manifest-diff-since=1d', `--shard=${index}/3`]);
      expect(code).toBe(0);
    }
    for (const name of names) expect(tagsOf(1, `prod/${name}`)).toEqual({ v2: 'B' });
  });

  it('names what stays in production when it leaves the tree, and takes nothing away', async () => {
    hold(1, 'prod/app', 'A', 'v1');
    await tree.commit({ [MANIFEST]: manifest(1), [IMAGES]: `- {name: app, dmap: {"${A}": [v1]}}\n` });
    await tree.commit({ [IMAGES]: '[]\n' });
    const { code, log } = await run(PROW, POSTSUBMIT);
    expect([code, requests()]).toEqual([0, 0]);
    expect(log).toEqual(
      expect.arrayContaining(['info Stays in production, no longer managed:', `info   app@${A.slice(0, 19)}… (v1)`]),
    );
    expect(tagsOf(1, 'prod/app')).toEqual({ v1: 'A' });
  });

  it.each([
    [{ JOB_TYPE: 'periodic' }, 'a job of the type \\"periodic\\"'],
    [{ JOB_TYPE: 'presubmit', PULL_BASE_SHA: 'f'.repeat(40) }, `this clone has no commit ${'f'.repeat(40)}`],
  ])('refuses in %j without a request', async (env, message) => {
    await tree.commit({ [MANIFEST]: manifest(1), [IMAGES]: '[]\n' });
    const { code, log } = await run(PROW, env);
    expect([code, requests()]).toEqual([1, 0]);
    expect(log.at(-1)?.replaceAll('\\\\', '\\')).toContain(message.replaceAll('\\"', '"'));
  });
});

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ReportDocument } from '../../src/report/model/schema.ts';
import { homeWith } from '../support/home.ts';
import { cip, kpromo } from '../support/promotion/cip.ts';
import { digestOfLabel, imageOf } from '../support/promotion/plan-cases.ts';
import { entry } from '../support/promotion/stage.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { storeImage } from '../support/registry/images.ts';
import { startRegistries } from '../support/registry/server.ts';

const SIGN = '--sign=false';

/** A good project, and what a test puts beside it. */
async function world(files: (staging: string, mirror: string) => Readonly<Record<string, string>>) {
  const registries = await startRegistries(2);
  onTestFinished(async () => {
    for (const one of registries) await one.close();
    expect(registries.flatMap(({ unexpected }) => unexpected)).toEqual([]);
  });
  const [staging, mirror] = registries;
  if (staging === undefined || mirror === undefined) throw new Error('two were asked for');
  storeImage(staging.store, 'staging/app', imageOf('A'));
  const project = { name: 'good', from: `${staging.host}/staging`, to: [`${mirror.host}/prod`] };
  const tree = await writeTree([{ ...project, entries: [entry('app', 'A', 'v1')] }]);
  onTestFinished(() => tree[Symbol.asyncDispose]());
  for (const [name, text] of Object.entries(files(staging.host, mirror.host))) {
    await mkdir(dirname(join(tree.path, name)), { recursive: true });
    await writeFile(join(tree.path, name), text);
  }
  return { tree: tree.path, promoted: () => mirror.store.resolve('prod/app', 'v1') === digestOfLabel('A'), mirror };
}

const manifest = (from: string, ...to: readonly string[]): string =>
  `registries:\n- name: ${from}\n  src: true\n${to.map((name) => `- name: ${name}\n`).join('')}`;
const IMAGES = `- name: app\n  dmap:\n    "${digestOfLabel('A')}": [v2]\n`;
const bad = (text: string): Readonly<Record<string, string>> => ({
  'manifests/bad/promoter-manifest.yaml': text,
  'images/bad/images.yaml': IMAGES,
});

describe('a bad project', () => {
  it.each([
    'localhost:70000/prod',
    '256.1.1.1/prod',
    '1.2.3/prod',
    '127.1/prod',
    '0x7f.1/prod',
    '2130706433/prod',
    '127.0.0.01/prod',
    'a..b/prod',
    'a.example./prod',
    'a_b.example/prod',
    '[::1/prod',
    `${'a'.repeat(64)}.example/prod`,
    'xn--a-ecp.ru:0/prod',
    'myorg/prod',
  ])('with the destination %s takes out only itself, also for `validate`', async (name) => {
    const { tree, promoted } = await world((staging) => bad(manifest(`${staging}/staging`, `"${name}"`)));
    const checked = await kpromo(['validate', tree]);
    expect([checked.code, checked.stdout]).toEqual([
      1,
      expect.stringMatching(/manifests\/bad\/promoter-manifest\.yaml:4:9 {2}MANIFEST_INVALID/),
    ]);
    const run = await cip(['--manifests', tree, '--confirm', SIGN]);
    expect([run.code, promoted()]).toEqual([1, true]);
    expect(run.stderr).not.toContain('Invalid URL');
    expect(run.summary).toContain('1 problem:');
  });

  it('without a destination takes out only itself', async () => {
    const { tree, promoted } = await world((staging) => bad(manifest(`${staging}/staging`)));
    const run = await cip(['--manifests', tree, '--confirm', SIGN]);
    expect([run.code, promoted()]).toEqual([1, true]);
    expect(run.summary).toContain('there is no destination registry');
  });
});

describe('what has no effect', () => {
  const leftovers = (staging: string, mirror: string): Readonly<Record<string, string>> => ({
    ...bad(`${manifest(`${staging}/staging`, `${mirror}/prod`, `${mirror}/prod/`)}imagesPath: x.yaml\n`),
    'images/bad/images.yml': '',
    'images/bad/images.yaml': '- name: later\n  dmap: {}\n',
  });

  it('is a warning in log, plan and reports, and fails nothing', async () => {
    const { tree } = await world(leftovers);
    const folder = await homeWith({});
    const reports = ['json', 'md', 'html', 'xml'].map((ending) => `--report=${join(folder, `run.${ending}`)}`);
    const run = await cip(['--manifests', tree, SIGN, ...reports], { env: { GITHUB_ACTIONS: 'true' } });
    expect(run.code).toBe(0);
    expect(run.log.filter((line) => line.startsWith('warning'))).toHaveLength(4);
    expect(run.stdout).toContain('\n4 warnings:\n  NO_EFFECT\n');
    expect(run.stdout.match(/^::warning /gm)).toHaveLength(4);
    expect(run.summary).not.toContain('NO_EFFECT');
    const document = JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')) as ReportDocument;
    expect([document.failures, document.outcome, document.warnings?.length]).toEqual([[], 'pending', 4]);
    expect(document.warnings?.every(({ code, file, line }) => code === 'NO_EFFECT' && file && line)).toBe(true);
    expect(await readFile(join(folder, 'run.md'), 'utf8')).toContain('### 4 warnings');
    expect(
      (await readFile(join(folder, 'run.xml'), 'utf8')).match(/^(<system-out>.*\n)?warning NO_EFFECT .+$/gm),
    ).toHaveLength(4);
  });

  it('is told in the summary of a promotion', async () => {
    const { tree, promoted } = await world(leftovers);
    const run = await cip(['--manifests', tree, '--confirm', SIGN]);
    expect([run.code, promoted(), run.summary.includes('4 warnings:')]).toEqual([0, true, true]);
  });
});

describe('a snapshot of nothing', () => {
  it('is empty, with a warning', async () => {
    const { tree, mirror } = await world(() => ({}));
    const of = `${mirror.host}/nothing`;
    const read = await cip([`--snapshot=${of}`]);
    expect([read.code, read.log]).toEqual([
      0,
      expect.arrayContaining([`warning The snapshot is empty: there is nothing at or below ${of}; check the name`]),
    ]);
    const wanted = await cip([`--manifest-based-snapshot-of=${of}`, '--manifests', tree]);
    expect([wanted.code, wanted.log]).toEqual([
      0,
      expect.arrayContaining([`warning The snapshot is empty: no manifest promotes anything to ${of}; check the name`]),
    ]);
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { validationSchema, type ValidationDocument } from '../../src/report/terminal/validation.ts';
import { kpromo, type CipRun } from '../support/promotion/cip.ts';

const GOOD = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;
const REGISTRIES = 'registries:\n- name: gcr.io/staging\n  src: true\n- name: us-docker.pkg.dev/acme/prod\n';

describe('kpromo validate', () => {
  let folder: string;

  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'kpromo-validate-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
  };
  const project = (name: string, images: string, manifest = REGISTRIES): Readonly<Record<string, string>> => ({
    [`manifests/${name}/promoter-manifest.yaml`]: manifest,
    [`images/${name}/images.yaml`]: images,
  });
  const broken = (): void => {
    write(
      project('one', `- name: app\n  dmap:\n    "${GOOD}": [v1]\n    "sha256:short": [v2]\n    "${OTHER}": [a b]\n`),
    );
    write(project('two', '[]\n', `registries:\n- name: gcr.io/staging\n  src: true\n  srx: 1\n`));
    write({ ...project('three', `- name: app\n  dmap:\n    "${OTHER}": [v1]\n`) });
    write({ 'promoter-policy.yaml': 'provenance:\n  mode: maybe\n' });
  };
  const validate = (...args: string[]): Promise<CipRun> => kpromo(['validate', folder, ...args]);
  const lastLine = ({ stderr }: CipRun): string => stderr.trimEnd().split('\n').at(-1) ?? '';

  it('finds nothing wrong with a good tree', async () => {
    write(project('one', `- name: app\n  dmap:\n    "${GOOD}": [v1]\n    "${OTHER}": [v2]\n`));
    const { code, stdout, stderr } = await validate();
    expect([code, stdout]).toEqual([0, `${folder}: valid, 2 images\n`]);
    expect(stderr).not.toMatch(/level=(?:error|fatal)/);
  });

  it('tells all that is wrong at once, each with its place and what would be right', async () => {
    broken();
    const run = await validate();
    const places = [...run.stdout.matchAll(/^(\S+?):(\d+):(\d+) {2}([A-Z_]+)$/gm)].map(
      ([, file = '', line, , code]) => `${file.slice(folder.length + 1)}:${line} ${code}`,
    );
    expect(places).toEqual([
      'images/one/images.yaml:4 ENTRY_INVALID',
      'images/one/images.yaml:5 ENTRY_INVALID',
      'manifests/two/promoter-manifest.yaml:4 MANIFEST_INVALID',
      'promoter-policy.yaml:2 POLICY_INVALID',
    ]);
    expect(run.stdout.match(/^ {4}→ /gm)).toHaveLength(places.length);
    expect(run.stdout).toMatch(/^\S+: 4 problems, \d+ images? without a problem\n$/m);
    expect(run.code).toBe(1);
    expect(lastLine(run)).toMatch(/level=fatal msg="kpromo validate: 4 problems in /);
    // each problem is told once: what stands on stdout is not logged, too
    expect(run.stderr).not.toContain('level=error');
  });

  it('prints JSON as its schema says, and nothing else', async () => {
    const check = new Ajv2020().compile<ValidationDocument>(JSON.parse(validationSchema()) as object);
    write(project('one', `- name: app\n  dmap:\n    "${GOOD}": [v1]\n`));
    const good: unknown = JSON.parse((await validate('--output=json')).stdout);
    broken();
    const run = await kpromo(['validate', folder, '--output', 'json'], { env: { GITHUB_ACTIONS: 'true' } });
    const bad = JSON.parse(run.stdout) as ValidationDocument;
    expect([check(good), check.errors, check(bad), check.errors]).toEqual([true, null, true, null]);
    expect(good).toMatchObject({ version: 1, path: folder, valid: true, images: 1, problems: [] });
    expect(bad).toMatchObject({ valid: false, problems: [{}, {}, {}, { code: 'POLICY_INVALID', line: 2, column: 9 }] });
    expect(check({ ...bad, problems: [{ code: 1 }] })).toBe(false);
    expect(run.stderr.match(/^::error /gm)).toHaveLength(4);
    expect(run.code).toBe(1);
  });

  it('annotates lines in GitHub Actions', async () => {
    write(project('one', `- name: app\n  dmap:\n    "sha256:short": [v2]\n`));
    const { stdout } = await kpromo(['validate', folder], { env: { GITHUB_ACTIONS: 'true' } });
    const [, file, message] = /^::error file=(.*),line=3,col=5,title=ENTRY_INVALID app::(.*)$/m.exec(stdout) ?? [];
    expect(file).toBe(join(folder, 'images/one/images.yaml'));
    expect(message).toMatch(/^"sha256:short" is not a sha256 digest%0A→ write "sha256:" and 64/);
    expect((await validate()).stdout).not.toContain('::error');
  });

  it('warns of what has no effect, without failing', async () => {
    const check = new Ajv2020().compile<ValidationDocument>(JSON.parse(validationSchema()) as object);
    write(project('one', `- name: app\n  dmap:\n    "${GOOD}": [v1]\n- name: later\n  dmap: {}\n`));
    write({ 'images/one/images.yml': '' });
    const run = await validate();
    expect(run.code).toBe(0);
    expect(run.stdout.replaceAll(folder, '.')).toBe(
      [
        './images/one/images.yaml:5:9  warning NO_EFFECT',
        '    the image "later" has no digests',
        '    → write under "dmap" each digest with its list of tags: "sha256:…": ["v1.0.0"]',
        '',
        './images/one/images.yml:1:1  warning NO_EFFECT',
        '    nothing reads this file: images.yaml beside it is read',
        '    → remove it',
        '',
        '.: valid, 1 image, 2 warnings',
        '',
      ].join('\n'),
    );
    expect(run.stderr).not.toMatch(/level=(?:error|fatal)/);
    const json = await kpromo(['validate', folder, '--output', 'json'], { env: { GITHUB_ACTIONS: 'true' } });
    const document = JSON.parse(json.stdout) as ValidationDocument;
    expect([check(document), json.code, document.valid]).toEqual([true, 0, true]);
    expect(document.problems.map(({ severity, code, line }) => [severity, code, line])).toEqual([
      ['warning', 'NO_EFFECT', 5],
      ['warning', 'NO_EFFECT', 1],
    ]);
    expect(json.stderr.match(/^::warning /gm)).toHaveLength(2);
  });

  it('holds registries against --allow-registry, and finds tags that are wanted twice', async () => {
    const wants = (digest: string): string => `- name: app\n  dmap:\n    "${digest}": [v1]\n`;
    write({ ...project('one', wants(GOOD)), ...project('two', wants(OTHER)) });
    const { code, stdout } = await validate();
    expect([code, stdout]).toEqual([1, expect.stringMatching(/images\.yaml:3:\d+ {2}TAG_CONFLICT$/m)]);
    const refused = await validate('--allow-registry=gcr.io/**');
    expect(refused.stdout.match(/REGISTRY_NOT_ALLOWED/g)).toHaveLength(2);
  });

  it('asks for one of several trees, and reads all of them with --all-trees', async () => {
    const one = project('one', `- name: app\n  dmap:\n    "${GOOD}": [v1]\n`);
    for (const tree of ['k8s.gcr.io', 'registry.k8s.io'])
      write(Object.fromEntries(Object.entries(one).map(([file, text]) => [`${tree}/${file}`, text])));
    const several = await validate();
    expect([several.code, several.stdout]).toEqual([
      1,
      expect.stringContaining(`holds 2 trees of manifests: ${folder}/k8s.gcr.io, ${folder}/registry.k8s.io\n`),
    ]);
    const runs = [await validate('--all-trees'), await kpromo(['validate', join(folder, 'registry.k8s.io')])];
    expect(runs.map(({ code, stdout }) => [code, /valid, \d/.exec(stdout)?.[0]])).toEqual([
      [0, 'valid, 2'],
      [0, 'valid, 1'],
    ]);
    const parse = await kpromo(['cip', '--manifest', 'x.yaml', '--all-trees', '--parse-only']);
    expect([parse.code, lastLine(parse)]).toEqual([1, expect.stringContaining('--all-trees requires --manifests')]);
  });

  it('says that there is nothing at a path', async () => {
    const { code, stdout } = await kpromo(['validate', join(folder, 'nowhere')]);
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(/MANIFEST_NOT_FOUND\n {4}there is no such file or folder/),
    ]);
  });

  it.each([
    [[], 'no path is given'],
    [['a', 'b'], 'takes one path'],
    [['a', '--output=xml'], 'invalid argument "xml" for "--output" flag'],
    [['a', '--confirm'], 'unknown flag: --confirm'],
  ])('refuses the arguments %j', async (args, message) => {
    const run = await kpromo(['validate', ...args]);
    expect([run.code, run.stdout]).toEqual([1, '']);
    expect(lastLine(run).replaceAll('\\"', '"')).toContain(message);
  });
});

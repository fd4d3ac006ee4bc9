import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReportDocument } from '../../src/report/model/schema.ts';
import type { ValidationDocument } from '../../src/report/terminal/validation.ts';
import { createRepository, type TestRepository } from '../support/git.ts';
import { cip, kpromo, type CipRun } from '../support/promotion/cip.ts';

type Files = Readonly<Record<string, string | undefined>>;

const [A, B, C] = ['a', 'b', 'c'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string, string];
const manifest = (source = 's.test/one', mirrors = ['m.test/prod'], more = ''): string =>
  `registries:\n- {name: ${source}, src: true}\n${mirrors.map((name) => `- {name: ${name}}\n`).join('')}${more}`;
type Entry = readonly [digest: string, ...tags: string[]];
const images = (...entries: readonly Entry[]): string =>
  `- name: app\n  dmap:\n${entries.map(([digest, ...tags]) => `    "${digest}": [${tags.join(', ')}]\n`).join('')}`;
const project = (name: string, list: string, text = manifest()): Files => ({
  [`manifests/${name}/promoter-manifest.yaml`]: text,
  [`images/${name}/images.yaml`]: list,
});
const requiring = (signer: string): string =>
  `provenance: {mode: require, signers: ["sigstore::https://issuer.test::${signer}"]}\n`;

const BAD = ['sha256:short', 'v1'] as const;
/** A tree with a problem in one file, and a good project beside it. */
const OLD = {
  ...project('one', images(BAD)),
  ...project('two', images([A, 'v1']), manifest('s.test/two', ['m.test/two'])),
};
/** A change that has nothing to do with it. */
const OTHER = { 'images/two/images.yaml': images([A, 'v1'], [B, 'v2']) };
const DISPUTE = { ...project('one', images([A, 'v1'])), ...project('two', images([B, 'v1']), manifest('s.test/two')) };
const UNREADABLE = { ...OLD, ...project('one', images([C, 'v1']), `oops: 1\n${manifest()}`) };
const WITHOUT_POLICY = {
  ...OLD,
  ...project('one', images([C, 'v1']), manifest(undefined, undefined, 'provenance: 1\n')),
};
const MISPLACED = { ...OLD, ...project('one', images([C, 'v1'])), 'images/three/images.yaml': images([A, 'v1']) };
const MANY = Array.from({ length: 1100 }, (_, index) => [`sha256:${index}`, 'v1'] as const);

let tree: TestRepository;
beforeEach(async () => void (tree = await createRepository()));
afterEach(() => tree[Symbol.asyncDispose]());

const POSTSUBMIT = { PATH: process.env['PATH'] ?? '', JOB_TYPE: 'postsubmit' };
const validate = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<CipRun> =>
  kpromo(['validate', tree.path, '--use-prow-manifest-diff', ...args], { env: { ...POSTSUBMIT, ...env } });

describe('problems that the tree before has, too', () => {
  it.each<[string, Files, Files]>([
    ['beside a change of another project', OLD, OTHER],
    ['on another line', OLD, { 'images/one/images.yaml': images([A, 'v3'], BAD) }],
    ['written in another way', OLD, { 'images/one/images.yaml': '- {name: app, dmap: {sha256:short: ["v1"]}}\n' }],
    ['of a project with another name', OLD, { ...project('new', images(BAD)), ...gone('one') }],
    [
      'of a project that gets a mirror',
      OLD,
      { 'manifests/one/promoter-manifest.yaml': manifest(undefined, ['m.test/prod', 'n.test']) },
    ],
    [
      'of a tag in dispute, beside another change',
      DISPUTE,
      { ...project('three', images([C, 'v9']), manifest('s.test/3')) },
    ],
    ['of a tag in dispute, whose sides get other tags', DISPUTE, { 'images/one/images.yaml': images([A, 'v0', 'v1']) }],
    ['of a manifest that cannot be read', UNREADABLE, OTHER],
    ['of a policy that cannot be read', WITHOUT_POLICY, OTHER],
    ['of a file where nothing reads it', MISPLACED, OTHER],
  ])('fail nothing %s', async (_, before, after) => {
    await tree.commit(before);
    await tree.commit(after);
    const { code, stdout } = await validate();
    expect(code).toBe(0);
    expect(stdout).toMatch(/: no new problem since [0-9a-f]{12}, .*, 1 problem already in the base\n$/);
  });

  it.each<[string, Files, Files, string]>([
    ['that has got a tag', OLD, { 'images/one/images.yaml': images(['sha256:short', 'v1', 'v2']) }, 'ENTRY_INVALID'],
    ['that stands there twice', OLD, { 'images/one/images.yaml': images(BAD) + images(BAD) }, 'ENTRY_INVALID'],
    ['that was copied to another project', OLD, project('three', images(BAD)), 'ENTRY_INVALID'],
    [
      'that comes from elsewhere',
      OLD,
      { 'manifests/one/promoter-manifest.yaml': manifest('s.test/3') },
      'ENTRY_INVALID',
    ],
    ['beside it of the same words', OLD, { 'images/two/images.yaml': images(BAD) }, 'ENTRY_INVALID'],
    ['in dispute on a further mirror', DISPUTE, withMirror(DISPUTE, 'n.test'), 'TAG_CONFLICT'],
    ['in dispute with a third', DISPUTE, { 'images/one/images.yaml': images([A, 'v1'], [C, 'v1']) }, 'TAG_CONFLICT'],
    [
      'in dispute from a further source',
      DISPUTE,
      project('three', images([A, 'v1']), manifest('s.test/3')),
      'TAG_CONFLICT',
    ],
    [
      'in dispute from another source',
      DISPUTE,
      { 'manifests/one/promoter-manifest.yaml': manifest('s.test/3') },
      'TAG_CONFLICT',
    ],
    ['in dispute with another digest', DISPUTE, { 'images/one/images.yaml': images([C, 'v1']) }, 'TAG_CONFLICT'],
    [
      'of a project that cannot be read',
      UNREADABLE,
      { 'images/one/images.yaml': images([C, 'v1'], [B, 'v2']) },
      'MANIFEST_INVALID',
    ],
    [
      'of a project that cannot be read, and its registries',
      UNREADABLE,
      { 'manifests/one/promoter-manifest.yaml': `oops: 1\n${manifest('s.test/3')}` },
      'MANIFEST_INVALID',
    ],
    [
      'of a project without a policy',
      WITHOUT_POLICY,
      { 'images/one/images.yaml': images([C, 'v1'], [B, 'v2']) },
      'POLICY_INVALID',
    ],
    [
      'of a tree whose policy cannot be read',
      { ...OTHER, ...project('two', images()), 'promoter-policy.yaml': 'oops: 1' },
      project('two', images([A, 'v1'])),
      'POLICY_INVALID',
    ],
    ['that nothing reads', MISPLACED, { 'images/three/images.yaml': images([A, 'v1'], [B, 'v2']) }, 'MANIFEST_INVALID'],
    [
      'behind a thousand others',
      project('one', images(...MANY)),
      { 'images/one/images.yaml': images(...MANY, BAD) },
      'ENTRY_INVALID',
    ],
  ])('do not hide an entry %s', async (_, before, after, code) => {
    await tree.commit(before);
    await tree.commit(after);
    const run = await validate(['--output=json']);
    const { problems } = JSON.parse(run.stdout) as ValidationDocument;
    const found = new Set(problems.filter(({ severity }) => severity === 'error').map((one) => one.code));
    expect([run.code, [...found]]).toEqual([1, [code]]);
  });

  it('do not hide that two policies go on to contradict each other', async () => {
    const shared = (name: string, signer: string): Files =>
      project(name, images([A, 'v1']), manifest(undefined, [`m.test/${name}`], requiring(signer)));
    await tree.commit({ ...shared('one', 'x'), ...shared('two', 'y') });
    await tree.commit({ 'README.md': 'hello' });
    expect((await validate()).code).toBe(0);
    await tree.commit(shared('two', 'z'));
    expect((await validate()).code).toBe(1);
  });

  it('do not hide that a policy is gone', async () => {
    await tree.commit({ ...OLD, 'promoter-policy.yaml': requiring('x') });
    await tree.commit({ 'promoter-policy.yaml': undefined });
    const { code, stdout } = await validate();
    expect([code, stdout]).toEqual([1, expect.stringContaining('the policy of this tree was removed')]);
  });

  it('are those of registries that are not allowed, too, until their project changes', async () => {
    const allowed = ['--allow-registry=m.test/**', '--allow-registry=s.test/one', '--allow-registry=s.test/two'];
    await tree.commit({ ...OLD, ...project('one', images([C, 'v1']), manifest('s.test/3')) });
    await tree.commit(OTHER);
    expect((await validate(allowed)).code).toBe(0);
    await tree.commit({ 'images/one/images.yaml': images([C, 'v1'], [B, 'v2']) });
    const { code, stdout } = await validate(allowed);
    expect([code, stdout]).toEqual([1, expect.stringContaining('REGISTRY_NOT_ALLOWED')]);
  });

  it('are found in a plain manifest', async () => {
    const plain = (...entries: readonly Entry[]): string => `${manifest()}images:\n${images(...entries)}`;
    await tree.commit({ 'once.yaml': plain(BAD) });
    await tree.commit({ 'once.yaml': plain([A, 'v2'], BAD) });
    const args = ['validate', join(tree.path, 'once.yaml'), '--use-prow-manifest-diff'];
    expect((await kpromo(args, { env: POSTSUBMIT })).code).toBe(0);
    await tree.commit({ 'once.yaml': plain(BAD, ['sha256:new', 'v2']) });
    expect((await kpromo(args, { env: POSTSUBMIT })).code).toBe(1);
  });

  it('all count as new where the base cannot be read', async () => {
    await tree.commit(OLD);
    await tree.commit(OTHER);
    const env = { JOB_TYPE: 'presubmit', PULL_BASE_SHA: 'f'.repeat(40) };
    const { code, stderr } = await validate([], env);
    expect([code, stderr]).toEqual([1, expect.stringContaining('this clone has no commit ffff')]);
    await using first = await createRepository();
    await first.commit(OLD);
    const args = ['validate', first.path, '--use-prow-manifest-diff'];
    expect((await kpromo(args, { env: POSTSUBMIT })).stdout).toMatch(/: 1 problem, /);
  });

  it('are no warnings, of which those that stand in the base are not told', async () => {
    const idle = (name: string, head = ''): Files =>
      project(name, images([C, 'v1']), `${head}imagesPath: x\n${manifest(`s.test/${name}`, [`m.test/${name}`])}`);
    await tree.commit({ ...OLD, ...idle('four') });
    await tree.commit({ ...idle('four', '# new\n'), ...idle('five') });
    const { code, stdout } = await validate();
    expect([code, stdout.match(/^\S+ {2}warning NO_EFFECT$/gm)]).toEqual([
      0,
      [expect.stringContaining('manifests/five/promoter-manifest.yaml')],
    ]);
    expect(stdout).toMatch(/, 1 problem already in the base, 1 warning\n$/);
  });

  it('are notices in GitHub Actions, and their severity in JSON', async () => {
    await tree.commit(OLD);
    const base = tree.git('rev-parse', 'HEAD');
    await tree.commit({ 'images/two/images.yaml': images(['sha256:new', 'v1']) });
    const run = await validate(['--output=json'], { GITHUB_ACTIONS: 'true' });
    const document = JSON.parse(run.stdout) as ValidationDocument;
    expect(document).toMatchObject({ valid: false, base, images: 0 });
    expect(document.problems.map(({ severity, digest }) => [severity, digest])).toEqual([
      ['notice', 'sha256:short'],
      ['error', 'sha256:new'],
      ['warning', A],
    ]);
    expect(run.stderr.match(/^::\w+/gm)?.toSorted()).toEqual(['::error', '::notice', '::warning']);
  });
});

describe('kpromo cip with problems that the tree before has, too', () => {
  const parse = (...args: readonly string[]): Promise<CipRun> =>
    cip(['--manifests', tree.path, '--parse-only', '--use-prow-manifest-diff', ...args], {
      env: { ...POSTSUBMIT, GITHUB_ACTIONS: 'true' },
    });

  it('tells them apart from new ones in the log, the summary and every report', async () => {
    await tree.commit(OLD);
    await tree.commit(OTHER);
    const report = (ending: string): string => join(tree.path, `.git/report.${ending}`);
    const endings = ['json', 'md', 'xml', 'html'];
    const run = await parse(...endings.map((ending) => `--report=${report(ending)}`));
    expect(run.code).toBe(0);
    expect(run.log.filter((line) => line.startsWith('error'))).toEqual([]);
    expect(run.log).toContain('warning Already in the base, and no failure of this run: 1 problem');
    expect(run.summary).toContain(
      'Summary: 1 image changed, and 1 other in the manifests, 1 problem already in the base',
    );
    expect(run.summary).toMatch(
      /1 problem already in the base, which does not fail the run:\n {2}ENTRY_INVALID app@sha256:short\n/,
    );
    expect(run.stdout).toMatch(/^::notice file=/m);
    expect(run.stdout).not.toContain('::error');
    const [json = '', md = '', xml = '', html = ''] = endings.map((ending) => readFileSync(report(ending), 'utf8'));
    const { outcome, failures, warnings } = JSON.parse(json) as ReportDocument;
    expect([outcome, failures, warnings?.map(({ code, inBase }) => [code, inBase])]).toEqual([
      'done',
      [],
      [['ENTRY_INVALID', true]],
    ]);
    expect(md).toContain(
      '### 1 old problem\n\nAlready in the tree before this change, and so no failure.\n\n- **ENTRY_INVALID**',
    );
    expect(xml).toContain('failures="0"');
    expect(xml).toContain('already in the base ENTRY_INVALID ');
    expect(html).toContain('already in the base');
  });

  it('fails for new ones alone', async () => {
    await tree.commit(OLD);
    await tree.commit({ 'images/two/images.yaml': images([A, 'v1'], ['sha256:new', 'v2']) });
    const run = await parse();
    expect(run.code).toBe(1);
    expect(run.log.filter((line) => line.startsWith('error'))).toHaveLength(1);
    expect(run.summary).toContain('1 problem, 1 problem already in the base');
  });
});

/** The files of a project that is not there any longer. */
function gone(name: string): Files {
  return Object.fromEntries(Object.keys(project(name, '')).map((file) => [file, undefined]));
}

/** The manifests of a tree with a further mirror. */
function withMirror(files: Files, mirror: string): Files {
  return Object.fromEntries(
    Object.entries(files).map(([file, text = '']) => [
      file,
      file.startsWith('manifests/') ? `${text}- {name: ${mirror}}\n` : text,
    ]),
  );
}

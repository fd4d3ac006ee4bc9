import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ValidationDocument } from '../../src/report/terminal/validation.ts';
import { createRepository, DAY, NOON, type TestRepository } from '../support/git.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { startRegistry } from '../support/registry/server.ts';
import { runReportSchema, type ReportDocument } from '../../src/report/model/schema.ts';
import { A, B, C, gone, images, manifest, project, type Files } from '../support/tag-files.ts';
import { kpromo, type CipRun } from '../support/promotion/cip.ts';

const PROD = ['us.test/prod', 'eu.test/prod'];

let tree: TestRepository;
beforeEach(async () => void (tree = await createRepository()));
afterEach(() => tree[Symbol.asyncDispose]());

const PATH = { PATH: process.env['PATH'] ?? '' };
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}, at = tree): Promise<CipRun> =>
  kpromo(['validate', at.path, ...args], { env: { ...PATH, ...env } });
/** Commits with a subject. */
const commit = async (files: Files, subject: string, at = NOON): Promise<string> => {
  await tree.commit(files, at);
  tree.git('-c', 'user.name=T', '-c', 'user.email=t@example.com', 'commit', '--quiet', '--amend', '-m', subject);
  return tree.git('rev-parse', 'HEAD');
};
const problems = ({ stdout }: CipRun): ValidationDocument['problems'] =>
  (JSON.parse(stdout) as ValidationDocument).problems;
const told = (ended: CipRun): readonly string[] => problems(ended).map(({ severity, code }) => `${severity} ${code}`);

describe('a tag that another digest had in the tree before', () => {
  it('fails `validate --against` with both places and their commits', async () => {
    const first = await commit(project('one', images([A, 'v1'])), 'Merge pull request #12 from fork/one');
    await commit(project('two', images([C, 'v9']), ['us.test/other']), 'another project');
    const base = tree.git('rev-parse', 'HEAD');
    const second = await commit({ 'images/one/images.yaml': images([C, 'v3'], [B, 'v1']) }, 'move v1 (#34)');
    const ended = await run(['--against', base]);
    expect(ended.code).toBe(1);
    const file = `${tree.path}/images/one/images.yaml`;
    expect(ended.stdout).toContain(`${file}:4:`);
    expect(ended.stdout).toContain('TAG_MOVE');
    const json = await run(['--against', base, '--output=json']);
    expect([json.code, told(json)]).toEqual([1, ['error TAG_MOVE']]);
    expect(problems(json)[0]).toMatchObject({
      message: `tag 'v1' of app moves from ${A} (${file}:3, added by ${first.slice(0, 12)}, #12) to ${B} (${file}:4, added by ${second.slice(0, 12)}, #34); tag moves are not supported`,
      hint: `tags are immutable: give ${B} a new tag, or set the entry back to ${A}`,
      image: 'app',
      digest: B,
      line: 4,
      refs: ['us.test/prod/app:v1', 'eu.test/prod/app:v1'],
      places: [
        { digest: A, file, line: 3, commit: first, pullRequest: 12 },
        { digest: B, file, line: 4, commit: second, pullRequest: 34 },
      ],
    });
  });

  it.each([
    ['validate', ['--use-prow-manifest-diff']],
    ['validate', ['--manifest-diff-since=14d']],
    ['cip', ['--parse-only', '--use-prow-manifest-diff']],
    ['cip', ['--parse-only', '--manifest-diff-since=14d']],
  ] as const)('fails `%s` with %j', async (command, args) => {
    await tree.commit(project('one', images([A, 'v1'])), NOON - 400 * DAY);
    await tree.commit({ 'images/one/images.yaml': images([B, 'v1']) }, Date.now());
    const path = command === 'cip' ? ['--manifests', tree.path] : [tree.path];
    const ended = await kpromo([command, ...path, ...args], { env: { ...PATH, JOB_TYPE: 'postsubmit' } });
    expect(ended.code).toBe(1);
    expect(`${ended.stdout}${ended.log.join('\n')}`).toMatch(/tag 'v1' of app moves from sha256:a.* to sha256:b/s);
  });

  it('is in the report of a run, with both places', async () => {
    const first = await tree.commit(project('one', images([A, 'v1'])));
    const second = await tree.commit({ 'images/one/images.yaml': images([B, 'v1']) });
    const report = `${tree.path}/report.json`;
    await kpromo(['cip', '--parse-only', '--manifests', tree.path, '--use-prow-manifest-diff', `--report=${report}`], {
      env: { ...PATH, JOB_TYPE: 'postsubmit' },
    });
    const document = JSON.parse(readFileSync(report, 'utf8')) as ReportDocument;
    const check = new Ajv2020({ strict: false, logger: false }).compile<ReportDocument>(
      JSON.parse(runReportSchema()) as object,
    );
    expect(check(document), JSON.stringify(check.errors)).toBe(true);
    expect(document.failures).toMatchObject([
      {
        code: 'TAG_MOVE',
        file: `${tree.path}/images/one/images.yaml`,
        places: [{ commit: first }, { commit: second }],
      },
    ]);
  });

  it('is found in the working tree, and for a manifest in one file', async () => {
    const plain = (digest: string): string => `${manifest('s.test', PROD)}images:\n${images([digest, 'v1'])}`;
    const first = await tree.commit({ 'plain.yaml': plain(A) });
    await tree.write({ 'plain.yaml': plain(B) });
    const ended = await kpromo(['validate', `${tree.path}/plain.yaml`, '--against=HEAD', '--output=json'], {
      env: PATH,
    });
    const places = [{ digest: A, commit: first }, { digest: B }];
    expect([ended.code, problems(ended)]).toEqual([1, [expect.objectContaining({ code: 'TAG_MOVE' })]]);
    expect(problems(ended)[0]?.places).toMatchObject(places);
    expect(problems(ended)[0]?.places?.[1]).not.toHaveProperty('commit');
    expect(problems(ended)[0]?.message).toContain(`${B} (${tree.path}/plain.yaml:8, not committed)`);
  });

  it.each([
    ['moves to a project with the same destination', project('two', images([B, 'v1']), ['us.test/prod']), 1],
    ['comes from another source with other destinations', project('two', images([B, 'v1']), ['us.test/other']), 0],
  ])('%s', async (_, after, code) => {
    await tree.commit(project('one', images([A, 'v1'])));
    await tree.commit({ ...gone('one'), ...after });
    const ended = await run(['--against=HEAD^', '--output=json']);
    expect([ended.code, told(ended).filter((line) => line.endsWith('TAG_MOVE'))]).toEqual([
      code,
      code === 0 ? [] : ['error TAG_MOVE'],
    ]);
  });

  it('is not one if the same digest moves to another project, which has a new name', async () => {
    await tree.commit(project('one', images([A, 'v1'])));
    await tree.commit({ ...gone('one'), ...project('new', images([A, 'v1', 'v2'])) });
    expect(await run(['--against=HEAD^'])).toMatchObject({ code: 0, stdout: expect.stringContaining('valid') });
  });

  it('is found if the tag was gone in between', async () => {
    const first = await tree.commit(project('one', images([A, 'v1'])));
    await tree.commit({ 'images/one/images.yaml': images([A]) });
    await tree.commit({ 'images/one/images.yaml': images([A], [B, 'v1']) });
    const ended = await run(['--against=HEAD^', '--output=json']);
    expect([ended.code, told(ended)]).toEqual([1, ['error TAG_MOVE']]);
    expect(problems(ended)[0]?.places?.[0]).toMatchObject({ digest: A, line: 3, commit: first });
  });

  it('is compared with the commit in which the branch left the other one', async () => {
    await tree.commit(project('one', images([A, 'v1'])));
    tree.git('checkout', '--quiet', '-b', 'mine');
    await tree.commit({ 'images/one/images.yaml': images([A, 'v1'], [C, 'v3']) });
    tree.git('checkout', '--quiet', 'main');
    await tree.commit({ 'images/one/images.yaml': images([B, 'v1'], [A]) });
    tree.git('checkout', '--quiet', 'mine');
    expect(await run(['--against=main'])).toMatchObject({ code: 0 });
  });

  it('is an error that names the flags if two of them say what to compare with', async () => {
    const ended = await run(['--against=HEAD', '--manifest-diff-since=14d']);
    expect(ended).toMatchObject({ code: 1, log: [expect.stringContaining('exclude each other')] });
  });
});

describe('an entry that leaves the tree', () => {
  it('is a warning of each digest, tag and mirror', async () => {
    await tree.commit(project('one', images([A, 'v1', 'v2'], [B, 'v3'])));
    await tree.commit(project('one', images([A, 'v1'])));
    const ended = await run(['--against=HEAD^', '--output=json']);
    expect([ended.code, told(ended)]).toEqual([0, ['warning UNMANAGED', 'warning UNMANAGED']]);
    expect(problems(ended).map(({ message, line }) => [message, line])).toEqual([
      [`app@${A}, its tag v2, leaves the tree: stays in production, no longer managed`, 3],
      [`app@${B} (v3) leaves the tree: stays in production, no longer managed`, 4],
    ]);
    await tree.commit(project('one', images([A, 'v1']), ['us.test/prod']));
    expect(problems(await run(['--against=HEAD^', '--output=json'])).map(({ message }) => message)).toEqual([
      `app@${A} (v1) leaves the tree for eu.test/prod: stays in production, no longer managed`,
    ]);
  });

  it('is none of a project that cannot be read', async () => {
    await tree.commit(project('one', images([A, 'v1'])));
    await tree.commit({ 'images/one/images.yaml': 'oops: [\n' });
    expect(told(await run(['--against=HEAD^', '--output=json']))).toEqual(['error MANIFEST_INVALID']);
  });
});

describe('kpromo validate --history', () => {
  it('names every tag that ever moved, with both commits', async () => {
    const commits: string[] = [];
    for (const [index, list] of [
      images([A, 'v1', 'v2']),
      images([A], [B, 'v1', 'v2']),
      images([A], [B]),
      images([A, 'v1'], [B], [C, 'v2']),
    ].entries())
      commits.push(await commit(project('one', list), `Merge pull request #${index + 1} from f/b`));
    const ended = await run(['--history', '--output=json']);
    expect(ended.code).toBe(1);
    const moves = problems(ended).map(({ code, message, places = [] }) =>
      [
        code,
        /'(.*?)'/.exec(message)?.[1],
        ...places.flatMap((place) => [place.digest, place.commit, place.pullRequest]),
      ].join(' '),
    );
    expect(moves.toSorted()).toEqual(
      [
        `TAG_MOVE v1 ${A} ${commits[0]} 1 ${B} ${commits[1]} 2`,
        `TAG_MOVE v2 ${A} ${commits[0]} 1 ${B} ${commits[1]} 2`,
        `TAG_MOVE v1 ${B} ${commits[1]} 2 ${A} ${commits[3]} 4`,
        `TAG_MOVE v2 ${B} ${commits[1]} 2 ${C} ${commits[3]} 4`,
      ].toSorted(),
    );
  });

  it('makes notices of moves before the base of a diff, and an error of one that is not committed', async () => {
    await tree.commit(project('one', images([A, 'v1'])));
    await tree.commit(project('one', images([B, 'v1'])));
    const old = await run(['--history', '--against=HEAD', '--output=json']);
    expect([old.code, told(old)]).toEqual([0, ['notice TAG_MOVE']]);
    await tree.write(project('one', images([C, 'v1'])));
    expect(told(await run(['--history', '--output=json']))).toEqual(['error TAG_MOVE', 'error TAG_MOVE']);
    expect((await run(['--history'])).stdout).toContain('not committed');
  });

  it('ignores a branch that takes its move back before it is merged', async () => {
    await tree.commit(project('one', images([A, 'v1'])));
    tree.git('checkout', '--quiet', '-b', 'side');
    await tree.commit(project('one', images([B, 'v1'])));
    await tree.commit(project('one', images([A, 'v1'], [B, 'v2'])));
    tree.git('checkout', '--quiet', 'main');
    tree.git('-c', 'user.name=T', '-c', 'user.email=t@example.com', 'merge', '--quiet', '--no-ff', '-m', 'm', 'side');
    expect(await run(['--history'])).toMatchObject({ code: 0, stdout: expect.stringContaining('valid') });
  });
});

describe('a shallow clone', () => {
  it('is an error of --history, with the way out', async () => {
    await tree.commit(project('one', images([A, 'v1'])));
    await tree.commit(project('one', images([A, 'v1', 'v2'])));
    await using clone = await tree.shallow(1);
    const ended = await run(['--history'], {}, clone);
    expect([ended.code, ended.log.at(-1)]).toEqual([1, expect.stringContaining('git fetch --unshallow')]);
  });

  it('is an error if a new tag may have had another digest before', async () => {
    await tree.commit(project('one', images([A, 'v1'])));
    await tree.commit(project('one', images([A])));
    await tree.commit(project('one', images([A], [B, 'v1'])));
    await using clone = await tree.shallow(2);
    const ended = await run(['--against=HEAD^', '--output=json'], {}, clone);
    expect([ended.code, told(ended)]).toEqual([1, ['error GIT']]);
    expect(problems(ended)[0]).toMatchObject({
      message:
        '1 tag is new, and whether another digest had one of them before cannot be told: this clone does not go back to the first commit',
      hint: expect.stringContaining('git fetch --unshallow') as string,
    });
    const offline = await kpromo(['cip', '--parse-only', '--manifests', clone.path, '--use-prow-manifest-diff'], {
      env: { ...PATH, JOB_TYPE: 'postsubmit' },
    });
    expect(offline.code).toBe(1);
  });

  it('is a warning of a run that reads the registries, which know the tag', async () => {
    await using registry = await startRegistry();
    const own = (list: string): Files => ({
      'manifests/one/promoter-manifest.yaml': manifest(`${registry.host}/staging`, [`${registry.host}/prod`]),
      'images/one/images.yaml': list,
    });
    const image = buildImage({ seed: 1 });
    storeImage(registry.store, 'staging/app', image, ['v1']);
    await tree.commit(own(images([A])));
    await tree.commit(own(images([image.manifest.descriptor.digest, 'v1'])));
    await using clone = await tree.shallow(2);
    const args = ['cip', '--manifests', clone.path, '--use-prow-manifest-diff', '--confirm', '--sign=false'];
    const ended = await kpromo(args, { env: { ...PATH, JOB_TYPE: 'postsubmit' } });
    expect(ended.code).toBe(0);
    expect(ended.log).toContainEqual(expect.stringMatching(/^warning .*1 tag is new, .*git fetch --unshallow/));
    expect(registry.snapshot()['prod/app']?.tags).toHaveProperty('v1');
  });

  it('still shows a move from its oldest commit, and says that it lacks the commit', async () => {
    await tree.commit({});
    await tree.commit(project('one', images([A, 'v1'])));
    await tree.commit(project('one', images([B, 'v1'])));
    await using clone = await tree.shallow(2);
    const ended = await run(['--against=HEAD^', '--output=json'], {}, clone);
    expect([ended.code, told(ended)]).toEqual([1, ['error TAG_MOVE']]);
    expect(problems(ended)[0]?.places?.[0]).toMatchObject({
      digest: A,
      unknown: 'added by a commit that this shallow clone lacks',
    });
  });

  it('without the revision is an error, with the way out', async () => {
    await tree.commit(project('one', images([A, 'v1'])));
    const first = tree.git('rev-parse', 'HEAD');
    await tree.commit(project('one', images([B, 'v1'])));
    await using clone = await tree.shallow(1);
    const ended = await run([`--against=${first}`], {}, clone);
    expect([ended.code, ended.log.at(-1)]).toEqual([1, expect.stringContaining('git fetch --unshallow')]);
  });
});

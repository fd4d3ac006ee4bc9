import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cosignTag } from '../../src/image/cosign-tag.ts';
import type { ReportDocument } from '../../src/report/model/schema.ts';
import { createRepository } from '../support/git.ts';
import { homeWith } from '../support/home.ts';
import { kpromo, type CipRun } from '../support/promotion/cip.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { startRegistries } from '../support/registry/server.ts';

const image = buildImage({ seed: 1 });
const { digest } = image.manifest.descriptor;
const MANIFEST = 'manifests/app/promoter-manifest.yaml';
const DIFF = '--use-prow-manifest-diff';
const PROMOTE = ['--confirm', '--replicate-signatures', '--max-signature-ops=2'];

/** Staging and two registries; `primary` was promoted to, signed and replicated before the change. */
async function world() {
  const registries = await startRegistries(3, { google: true });
  onTestFinished(async () => {
    for (const one of registries) await one.close();
    expect(registries.flatMap(({ unexpected }) => unexpected)).toEqual([]);
  });
  const [staging, first, second] = registries;
  if (staging === undefined || first === undefined || second === undefined) throw new Error('three were asked for');
  storeImage(staging.store, 'staging/api', image);
  const [low, high] = [first, second].toSorted((a, b) => (a.host < b.host ? -1 : 1));
  const names = { primary: `${high?.host}/pp`, other: `${low?.host}/pp`, added: `${low?.host}/a5` };
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const home = await homeWith({ 'k.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }) });
  const key = [`--key=${join(home, 'k.pem')}`, '--tlog-upload=false'];
  const tree = await createRepository();
  onTestFinished(() => tree[Symbol.asyncDispose]());
  const list = (...mirrors: readonly string[]) => ({
    [MANIFEST]: `registries:\n- name: ${staging.host}/staging\n  src: true\n${mirrors.map((name) => `- name: ${name}\n`).join('')}`,
  });
  const run = (command: string, args: readonly string[]): Promise<CipRun> =>
    kpromo([command, '--manifests', tree.path, ...(command === 'replicate' ? [] : key), ...args], {
      env: { PATH: process.env['PATH'] ?? '', JOB_TYPE: 'postsubmit' },
    });
  await tree.commit({
    ...list(names.primary, names.other),
    'images/app/images.yaml': `- name: api\n  dmap:\n    "${digest}": [v1]\n`,
  });
  const signatures = (registry: string): number => {
    const [host = '', path = ''] = registry.split('/');
    const { store } = registries.find((one) => one.host === host) ?? expect.fail(`there is no ${host}`);
    const found = store.resolve(`${path}/api`, cosignTag(digest, 'sig'));
    const bytes = found === undefined ? undefined : store.repository(`${path}/api`)?.manifests.get(found)?.bytes;
    if (bytes === undefined) return 0;
    return (JSON.parse(Buffer.from(bytes).toString()) as { readonly layers: unknown[] }).layers.length;
  };
  return { ...names, home, tree, list, run, signatures };
}

const isWell = ({ code, log }: CipRun): void =>
  expect([code, log.filter((line) => /^(?:error|fatal)/.test(line))]).toEqual([0, []]);

describe('a change of mirrors of what is signed', () => {
  it('leaves the primary alone when a mirror is added that sorts first', async () => {
    const { primary, other, added, tree, list, run } = await world();
    isWell(await run('cip', PROMOTE));
    await tree.commit(list(primary, other, added));
    const review = await run('cip', [DIFF]);
    isWell(review);
    expect(review.stdout).not.toContain('primary registry');
    isWell(await run('cip', PROMOTE));
    const check = await run('sigcheck', []);
    isWell(check);
    expect(check.stdout).toContain('3 verified');
  });

  it('names a change of the primary everywhere, and holds its images back until it is accepted', async () => {
    const { primary, other, added, home, tree, list, run, signatures } = await world();
    isWell(await run('cip', PROMOTE));
    await tree.commit(list(added, primary, other));
    const report = join(home, 'plan.json');
    const review = await run('cip', [DIFF, `--report=${report}`, `--report=${join(home, 'plan.md')}`]);
    expect(review.code).toBe(1);
    const place = `${join(tree.path, MANIFEST)}:4:9`;
    const message = `the primary registry of project app changes from ${primary} to ${added} (1 image)`;
    expect(review.log.filter((line) => line.startsWith('error'))).toEqual([
      expect.stringContaining(`${place}: ${message}`),
    ]);
    expect(review.summary).toContain('PRIMARY_CHANGED');
    expect(review.stdout).toMatch(/app: primary registry\s/);
    const document = JSON.parse(await readFile(report, 'utf8')) as ReportDocument;
    expect(document.failures).toMatchObject([{ code: 'PRIMARY_CHANGED', file: join(tree.path, MANIFEST), line: 4 }]);
    expect(document.change?.settings).toContainEqual(
      expect.objectContaining({ kind: 'primary', before: primary, after: added }),
    );
    expect(await readFile(join(home, 'plan.md'), 'utf8')).toContain('**PRIMARY_CHANGED**');

    const refused = await run('cip', [DIFF, ...PROMOTE]);
    expect([refused.code, signatures(added)]).toEqual([1, 0]);
    for (const flags of [
      ['--accept-primary-change'],
      [`--primary-registry=${added}`],
      [`--primary-registry=${primary}`],
    ])
      isWell(await run('cip', [DIFF, ...flags]));

    isWell(await run('cip', [DIFF, '--accept-primary-change', ...PROMOTE]));
    isWell(await run('sigcheck', []));
    // the mirrors keep what was signed under the old name
    expect([added, primary, other].map(signatures)).toEqual([1, 2, 2]);
    const again = await run('replicate', ['--confirm']);
    isWell(again);
    expect(again.log).toContain('info All signatures already replicated');
  });

  it('is a problem when the order changes, the first is removed, or one is inserted before it', async () => {
    const { primary, other, added, tree, list, run } = await world();
    const base = tree.git('rev-parse', 'HEAD');
    for (const mirrors of [[other, primary], [other], [added, primary, other]]) {
      tree.git('reset', '--quiet', '--hard', base);
      await tree.commit(list(...mirrors));
      const review = await run('cip', [DIFF]);
      expect([review.code, review.summary.includes('PRIMARY_CHANGED')]).toEqual([1, true]);
    }
  });

  it.each([
    ['that has the signatures under the former name', ({ primary, other }: Names) => [other, primary]],
    ['that has none', ({ primary, other, added }: Names) => [added, primary, other]],
  ])('can be repaired when it went through to a mirror %s', async (_, change) => {
    const { primary, other, added, tree, list, run } = await world();
    isWell(await run('cip', PROMOTE));
    await tree.commit(list(...change({ primary, other, added })));
    // without a diff nobody sees it
    isWell(await run('cip', ['--confirm']));
    const wrong = await run('sigcheck', []);
    expect(wrong.code).toBe(1);
    isWell(await run('sigcheck', ['--confirm']));
    isWell(await run('sigcheck', []));
    isWell(await run('replicate', ['--confirm']));
  });

  it('is well as it is where the configuration lists the former name', async () => {
    const { primary, other, tree, list, run } = await world();
    isWell(await run('cip', PROMOTE));
    await tree.commit(list(other, primary));
    expect((await run('sigcheck', [])).code).toBe(1);
    const config = `version: 1\npublicNames:\n- match: "${other}"\n  name: "${other}"\n  formerNames: ["${primary}"]\n`;
    const folder = await homeWith({
      'registries.yaml': config,
      'listed.yaml': `version: 1\npublicNames:\n- match: "${primary}"\n  name: "${primary}"\n`,
    });
    for (const name of ['registries.yaml', 'listed.yaml'])
      isWell(await run('sigcheck', [`--registry-config=${join(folder, name)}`]));
  });

  it('refuses a primary that no destination has, wherever it is written', async () => {
    const { run, primary } = await world();
    const folder = await homeWith({ 'registries.yaml': 'version: 1\nprimary: localhost:29999\n' });
    for (const command of ['cip', 'replicate', 'sigcheck']) {
      const flag = await run(command, ['--primary-registry=localhost:29999']);
      expect([flag.code, flag.log.at(-1)]).toEqual([
        1,
        expect.stringContaining(
          `--primary-registry: "localhost:29999" matches no destination of the manifests; write a pattern that matches ${primary}`,
        ),
      ]);
      const config = await run(command, [`--registry-config=${join(folder, 'registries.yaml')}`]);
      expect([config.code, config.log.at(-1)]).toEqual([
        1,
        expect.stringContaining('"primary" of the registry configuration: "localhost:29999" matches no destination'),
      ]);
    }
  });
});

type Names = { readonly primary: string; readonly other: string; readonly added: string };

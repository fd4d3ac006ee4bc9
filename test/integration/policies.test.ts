import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRepository, type TestRepository } from '../support/git.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
import { digestOfLabel, imageOf } from '../support/promotion/plan-cases.ts';
import { storeImage } from '../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';

const [A, B] = ['A', 'B'].map(digestOfLabel) as [string, string];
const POLICY = [
  'mode: require',
  'signers: ["sigstore::https://accounts.google.com::ci@acme.example"]',
  'builders: [{id: https://ci.example, level: 1}]',
  'sources: [github.com/acme/app]',
].join(', ');

let staging: TestRegistry;
let mirror: TestRegistry;
let tree: TestRepository;

/** A project with its images below `staging/<name>`, and what else its manifest says. */
const project = (name: string, rest = '', digests: readonly string[] = [A]): Record<string, string> => ({
  [`manifests/${name}/promoter-manifest.yaml`]: `registries:\n- {name: ${staging.host}/staging/${name}, src: true}\n- {name: ${mirror.host}/${name}}\n${rest}`,
  [`images/${name}/images.yaml`]: `- name: app\n  dmap:\n${digests.map((digest) => `    "${digest}": []\n`).join('')}`,
});
const run = (...args: readonly string[]): Promise<CipRun> =>
  cip(['--manifests', tree.path, ...args], { env: { PATH: process.env['PATH'] ?? '', JOB_TYPE: 'postsubmit' } });
const promoted = (): readonly string[] =>
  Object.entries(mirror.snapshot()).flatMap(([name, { manifests }]) =>
    Object.keys(manifests).map((digest) => `${name}@${digest}`),
  );

beforeEach(async () => {
  [staging, mirror] = await Promise.all([startRegistry(), startRegistry()]);
  tree = await createRepository();
  for (const name of ['one', 'two'])
    for (const label of ['A', 'B']) storeImage(staging.store, `staging/${name}/app`, imageOf(label));
});
afterEach(async () => {
  await tree[Symbol.asyncDispose]();
  await Promise.all([staging.close(), mirror.close()]);
  const unexpected = [staging, mirror].flatMap((registry) => registry.unexpected);
  if (unexpected.length > 0) throw new Error(`requests that no registry knows: ${unexpected.join(', ')}`);
});

describe('policies of a tree', () => {
  it('are checked by --parse-only without a request', async () => {
    await tree.commit({
      ...project('one', 'provenance: {mode: maybe}\n'),
      ...project('two'),
      'promoter-policy.yaml': 'vulnerabilities: {threshold: high}\n',
    });
    const { code, summary } = await run('--parse-only');
    expect(code).toBe(1);
    expect(summary).toMatch(/POLICY_INVALID[\s\S]*manifests\/one\/promoter-manifest\.yaml:4:20/);
    expect(summary).toMatch(/promoter-policy\.yaml:1:30/);
    expect([...staging.counters.log, ...mirror.counters.log]).toEqual([]);
  });

  it('hold back what does not satisfy them, and nothing else', async () => {
    await tree.commit({ ...project('one', `provenance: {${POLICY}}\n`), ...project('two') });
    const { code, summary } = await run('--confirm', '--sign=false');
    expect([code, promoted()]).toEqual([1, [`two/app@${A}`]]);
    expect(summary).toContain('PROVENANCE');
  });

  it('leave out the project whose policy cannot be read, and promote the others', async () => {
    await tree.commit({ ...project('one', 'provenance: {mode: maybe}\n'), ...project('two') });
    const { code } = await run('--confirm', '--sign=false');
    expect([code, promoted()]).toEqual([1, [`two/app@${A}`]]);
  });

  it('judge the change that drops them, which is told', async () => {
    await tree.commit({ ...project('one'), 'promoter-policy.yaml': `provenance: {${POLICY}}\n` });
    await tree.commit({ ...project('one', '', [A, B]), 'promoter-policy.yaml': undefined });
    const { code, log, summary } = await run('--use-prow-manifest-diff', '--confirm', '--sign=false');
    expect([code, promoted()]).toEqual([1, []]);
    expect(summary).toContain('as it was before this change');
    const told = log.indexOf('info Changed policies and registries:');
    expect(log.slice(told + 1, told + 3)).toEqual([
      'info   one: provenance policy',
      expect.stringMatching(/^info {5}was: require; .*; sources github\.com\/acme\/app$/),
    ]);
  });
});

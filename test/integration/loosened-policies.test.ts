import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRepository, type TestRepository } from '../support/git.ts';
import { homeWith } from '../support/home.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
import { digestOfLabel, imageOf } from '../support/promotion/plan-cases.ts';
import { storeImage } from '../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';
import { trivyJson } from '../support/scanners/reports.ts';

const [A, B] = ['A', 'B'].map(digestOfLabel) as [string, string];
const PROVENANCE = `provenance: {${[
  'mode: require',
  'signers: ["sigstore::https://accounts.google.com::ci@acme.example"]',
  'builders: [{id: https://ci.example, level: 1}]',
  'sources: [github.com/acme/app]',
].join(', ')}}\n`;
const OFF = 'provenance: {mode: "off"}\n';
const POLICY = 'promoter-policy.yaml';

let registries: readonly [staging: TestRegistry, evil: TestRegistry, mirror: TestRegistry];
let tree: TestRepository;

type Written = { readonly rest?: string; readonly source?: string; readonly digest?: string; readonly at?: string };

/** A project that promotes one digest of `app`, and what else its manifest says. */
const project = (
  name: string,
  { rest = '', source = registries[0].host, digest = A, at = '' }: Written = {},
): Record<string, string> => ({
  [`${at}manifests/${name}/promoter-manifest.yaml`]: `registries:\n- {name: ${source}/staging, src: true}\n- {name: ${registries[2].host}/prod}\n${rest}`,
  [`${at}images/${name}/images.yaml`]: `- name: app\n  dmap:\n    "${digest}": [v-${digest.slice(-6)}]\n`,
});
const without = (name: string): Record<string, undefined> => ({
  [`manifests/${name}`]: undefined,
  [`images/${name}`]: undefined,
});
const change = (...args: readonly string[]): Promise<CipRun> =>
  cip(['--manifests', tree.path, '--use-prow-manifest-diff', '--confirm', '--sign=false', ...args], {
    env: { PATH: process.env['PATH'] ?? '', JOB_TYPE: 'postsubmit' },
  });
const promoted = (): readonly string[] => Object.keys(registries[2].snapshot()['prod/app']?.manifests ?? {});

beforeEach(async () => {
  registries = [await startRegistry(), await startRegistry(), await startRegistry()];
  tree = await createRepository();
  for (const registry of registries.slice(0, 2))
    for (const label of ['A', 'B']) storeImage(registry.store, 'staging/app', imageOf(label));
});
afterEach(async () => {
  await tree[Symbol.asyncDispose]();
  await Promise.all(registries.map((registry) => registry.close()));
});

describe('a change that loosens what is asked of it', () => {
  it('promotes nothing by a new project with another source, and without the policy of the tree', async () => {
    await tree.commit({ ...project('one'), [POLICY]: PROVENANCE });
    await tree.commit({ ...project('two', { source: registries[1].host, digest: B }), [POLICY]: undefined });
    const { code, summary } = await change();
    expect([code, promoted()]).toEqual([1, []]);
    expect(summary).toContain('does not satisfy the provenance policy as it was before this change');
    expect(summary).toContain('the policy of this tree was removed');
    expect(summary).toContain(`${POLICY}:1:1`);
  });

  it('promotes nothing by a new project of a new tree beside', async () => {
    await tree.commit({ ...project('one'), [POLICY]: PROVENANCE });
    await tree.commit(project('two', { source: registries[1].host, digest: B, at: 'beside/' }));
    const { code, summary } = await change('--all-trees');
    expect([code, promoted()]).toEqual([1, []]);
    expect(summary).toContain('as it was before this change');
  });

  it.each(['renamed', 'other'])(
    'promotes nothing of a project that is %s, has another source, and turns its policy off',
    async (name) => {
      await tree.commit(project('one', { rest: PROVENANCE }));
      const moved = project(name, { source: registries[1].host, digest: B, rest: OFF });
      await tree.commit({ ...(name === 'renamed' ? without('one') : {}), ...moved });
      const { code, summary } = await change();
      expect([code, promoted()]).toEqual([1, []]);
      expect(summary).toContain('as it was before this change');
    },
  );

  it('promotes what the tree before and the new one allow', async () => {
    await tree.commit({ ...project('one'), ...project('two', { rest: PROVENANCE, source: registries[1].host }) });
    await tree.commit(project('one', { digest: B }));
    // both promote to one place, each by its own rules, before and after
    expect([(await change()).code, promoted()]).toEqual([0, [B]]);
  });

  it.each([
    ['excepts', `threshold: 4, exceptions: [{id: CVE-2026-1, reason: trust me}]`],
    ['does not look for', 'threshold: -1'],
  ])('does not pass with a vulnerability that it %s itself', async (_, rules) => {
    const found = [{ id: 'CVE-2026-1', severity: 'HIGH', name: 'openssl', version: '3.0.1' }] as const;
    const home = await homeWith({
      'r.json': JSON.stringify(trivyJson({ reference: `r.example/app@${B}`, found: [...found] })),
    });
    await tree.commit(project('one'));
    await tree.commit({ ...project('one', { digest: B }), [POLICY]: `vulnerabilities: {${rules}}\n` });
    const gate = ['--vuln-gate', '--vuln-severity-threshold=4', `--vuln-report=${join(home, 'r.json')}`];
    const { code, summary } = await change(...gate);
    expect([code, promoted()]).toEqual([1, []]);
    expect(summary).toContain('have the change of the policy merged by itself first');
    // the next change has it
    await tree.commit({ 'README.md': 'reviewed' });
    await tree.commit(project('one', { digest: B, rest: '# again\n' }));
    await tree.commit({ ...project('one', { digest: B }), ...project('two', { digest: B }) });
    expect((await change(...gate)).code).toBe(0);
  });

  it('does not lose the policy of its tree by a link that leads nowhere', async () => {
    await tree.commit({ ...project('one'), [POLICY]: PROVENANCE });
    await tree.commit({ ...project('two', { source: registries[1].host, digest: B }), [POLICY]: undefined });
    await tree.link(POLICY, 'nowhere.yaml');
    await tree.commit();
    const since = '--manifest-diff-since=1d';
    for (const args of [[], [since], ['--parse-only']]) {
      const { code, stdout, summary } = await cip(['--manifests', tree.path, ...args], {
        env: { PATH: process.env['PATH'] ?? '' },
      });
      // nothing changed within a day: the link is in the base, too
      expect([code, promoted()]).toEqual([args[0] === since ? 0 : 1, []]);
      // what fails nothing stands in the plan
      expect(stdout + summary).toContain('this link points to nothing');
      expect(stdout + summary).toContain(`${POLICY}:1:1`);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { parsePlain } from '../parse.ts';
import type { Project } from '../manifest.ts';
import { policyChanges } from './policy-changes.ts';

const SIGNER = 'sigstore::https://a.example::ci';
const policy = (mode: string, sources = 'a', builders = '{id: x, level: 1}'): string =>
  `{mode: ${mode}, signers: ["${SIGNER}"], builders: [${builders}], sources: [${sources}]}`;
const project = (
  differing: { source?: string; mirrors?: readonly string[]; provenance?: string } & Pick<Project, 'policy'> = {},
  name = 'p',
): Project => {
  const { source = 's.test', mirrors = ['m.test'], provenance, policy: own } = differing;
  const registries = [`{name: ${source}, src: true}`, ...mirrors.map((mirror) => `{name: ${mirror}}`)].join(', ');
  const text = `registries: [${registries}]\nimages: []\n${provenance === undefined ? '' : `provenance: ${provenance}`}`;
  const { project: found } = parsePlain(name, { file: `${name}.yaml`, bytes: Buffer.from(text) }, undefined);
  return { ...(found ?? expect.fail('there is no project')), ...(own && { policy: own }) };
};
const lines = (base: readonly Project[], head: readonly Project[]): readonly string[] =>
  policyChanges(base, head).map(
    ({ kind, project: name, before, after }) => `${name} ${kind}: ${before ?? '-'} > ${after ?? '-'}`,
  );
const at = { file: 'f', line: 1, column: 1 };

describe('src/manifest/diff/policy-changes.ts', () => {
  it('finds nothing where all is written otherwise only', () => {
    const one = project({ mirrors: ['m.test', 'n.test'], provenance: policy('warn', 'a, b') });
    const same = project({ mirrors: ['n.test', 'm.test'], provenance: policy('warn', 'b, a') });
    expect(policyChanges([one], [same])).toEqual([]);
    expect(policyChanges([project()], [project({ provenance: '{mode: off}' })])).toEqual([]);
  });

  it('finds another source registry, and mirrors that come and go', () => {
    const [base, head] = [
      project({ mirrors: ['m.test', 'n.test'] }),
      project({ source: 't.test', mirrors: ['n.test', 'o.test'] }),
    ];
    expect(lines([base], [head])).toEqual(['p source: s.test > t.test', 'p registries: m.test > o.test']);
    expect(policyChanges([base], [head])[0]).toEqual({
      kind: 'source',
      project: 'p',
      file: 'p.yaml',
      before: 's.test',
      after: 't.test',
    });
  });

  it('finds each change of a provenance policy, in words', () => {
    const base = project({ provenance: policy('require') });
    const whole = `require; signers ${SIGNER}; builders x (level 1); sources a`;
    expect(lines([base], [project()])).toEqual([`p provenance: ${whole} > -`]);
    expect(lines([base], [project({ provenance: policy('off') })])).toEqual([`p provenance: ${whole} > -`]);
    expect(lines([base], [project({ provenance: policy('warn') })])).toEqual([
      `p provenance: ${whole} > ${whole.replace('require', 'warn')}`,
    ]);
    const signed = policy('require', 'a', `{id: x, level: 1, signers: ["${SIGNER}"]}`);
    expect(lines([base], [project({ provenance: signed })])).toEqual([
      `p provenance: ${whole} > ${whole.replace('(level 1)', `(level 1 by ${SIGNER})`)}`,
    ]);
    const caller = '{refs: [refs/tags/v*, refs/heads/main], workflows: [.github/workflows/a.yml]}';
    const called = policy('require', 'a', `{id: x, level: 1, caller: ${caller}}`);
    expect(lines([base], [project({ provenance: called })])).toEqual([
      `p provenance: ${whole} > ${whole.replace('(level 1)', '(level 1 called for refs/heads/main, refs/tags/v* called by .github/workflows/a.yml)')}`,
    ]);
    const three = policy('require', 'a', '{id: x, level: 3}');
    const leveled = three.replace(/\}$/, ', levels: [{images: [b, c], level: 2}, {images: [c], level: 3}]}');
    expect(lines([project({ provenance: three })], [project({ provenance: leveled })])[0]).toMatch(
      /> require; levels b \(level 2\), c \(level 3\); signers/,
    );
  });

  it('finds changes of the types of artifact and of what vulnerabilities do', () => {
    const base = project({
      policy: { artifactTypes: { types: ['a/b'], at }, vulnerabilities: { threshold: 4, exceptions: [], at } },
    });
    const exceptions = [{ id: 'CVE-1', until: '2026-12-31', reason: 'r', at }];
    const head = project({ policy: { artifactTypes: { types: [], at }, vulnerabilities: { exceptions, at } } });
    expect(lines([base], [head])).toEqual([
      'p artifactTypes: a/b > none',
      'p vulnerabilities: threshold 4 > except CVE-1 until 2026-12-31 (r)',
    ]);
    expect(lines([head], [head])).toEqual([]);
  });

  it('returns source and registries of new and removed projects', () => {
    expect(lines([project({}, 'old')], [project({}, 'new')])).toEqual([
      'new source: - > s.test',
      'new registries: - > m.test',
      'old source: s.test > -',
      'old registries: m.test > -',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { policyIn } from './policy-file.ts';

const POLICY = 'mode: require, signers: ["sigstore::https://a.example::ci"], builders: [{id: x, level: 1}]';
const REGISTRIES = 'registries: [{name: a.test, src: true}, {name: b.test}]\n';
const TREE = `provenance: {${POLICY}, sources: [a]}\nartifactTypes: [a/b]\nprojects:\n  one: {provenance: {${POLICY}, sources: [b]}}\n`;

const read = (text: string, project?: string): ReturnType<typeof policyIn> =>
  policyIn({ file: 'p.yaml', bytes: Buffer.from(text) }, project);

describe('src/manifest/policies/policy-file.ts', () => {
  it('reads the policy of a manifest, thin or plain', () => {
    const manifest = `${REGISTRIES}provenance: {${POLICY}, sources: [a]}\n`;
    expect(read(manifest)).toMatchObject({ provenance: { sources: ['a'], at: { line: 2, column: 13 } } });
    expect(read(`${manifest}images: []\n`).provenance?.sources).toEqual(['a']);
    expect(read(REGISTRIES)).toEqual({ source: 'a.test' });
  });

  it('reads that of a tree, and what a project has instead', () => {
    expect(read(TREE)).toMatchObject({ provenance: { sources: ['a'] }, artifactTypes: { types: ['a/b'] } });
    expect(read(TREE, 'one')).toMatchObject({ provenance: { sources: ['b'] }, artifactTypes: { types: ['a/b'] } });
  });

  it.each([
    [
      'every slip of a policy',
      'provenance: {mode: maybe, level: 7}',
      /^p.yaml:1:20: "mode".*; and p.yaml:1:34: "level"/,
    ],
    ['a manifest with one', `${REGISTRIES}provenance: {mode: maybe}`, /^p.yaml:2:20: "mode"/],
    ['an invalid manifest', 'registries: []', /^p.yaml:1:13: there is no source registry/],
    ['no YAML', 'provenance: [', /^p.yaml:1:.*not valid YAML/],
    ['a slip of any project', 'projects: {one: {provenence: {}}}', /unknown key "provenence"/],
  ])('refuses %s', (_, text, message) => {
    const error = { code: 'POLICY_INVALID', message: expect.stringMatching(message) };
    expect(() => read(text)).toThrow(expect.objectContaining(error));
  });

  it.each([
    ['a project that is not there', TREE, 'it names one;'],
    ['a project of a manifest', REGISTRIES, 'leave --project out'],
  ])('refuses %s', (_, text, hint) => {
    const error = { code: 'USAGE', message: 'p.yaml has no project "app"', hint: expect.stringContaining(hint) };
    expect(() => read(text, 'app')).toThrow(expect.objectContaining(error));
  });
});

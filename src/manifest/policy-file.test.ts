import { describe, expect, it } from 'vitest';
import { policyIn } from './policy-file.ts';

const POLICY = 'mode: require, signers: ["sigstore::https://a.example::ci"], builders: [{id: x, level: 1}]';
const read = (text: string, project?: string): ReturnType<typeof policyIn> =>
  policyIn({ file: 'p.yaml', bytes: Buffer.from(text) }, project);
const TREE = `provenance: {${POLICY}, sources: [a]}\nartifactTypes: [a/b]\nprojects:\n  one: {provenance: {${POLICY}, sources: [b]}}\n`;

describe('src/manifest/policy-file.ts', () => {
  it('takes what a manifest asks, thin or plain', () => {
    const manifest = `registries: [{name: a.test, src: true}, {name: b.test}]\nprovenance: {${POLICY}, sources: [a]}\n`;
    expect(read(manifest).provenance?.sources).toEqual(['a']);
    expect(read(`${manifest}images: []\n`).provenance?.sources).toEqual(['a']);
    expect(read('registries: [{name: a.test, src: true}, {name: b.test}]')).toEqual({});
  });

  it('takes what a tree asks of all projects, or of one', () => {
    expect(read(TREE)).toMatchObject({ provenance: { sources: ['a'] }, artifactTypes: { types: ['a/b'] } });
    expect(read(TREE, 'one')).toMatchObject({ provenance: { sources: ['b'] }, artifactTypes: { types: ['a/b'] } });
    expect(() => read(TREE, 'two')).toThrow(/says nothing of a project "two"/);
  });

  it.each([
    ['provenance: {mode: maybe, level: 7}', /^p.yaml:1:20: "mode" is "maybe".*; and p.yaml:1:34: "level" is "7"/],
    ['registries: [{name: a.test, src: true}]\nprovenance: {mode: maybe}', /^p.yaml:2:20: "mode"/],
    ['registries: []', /^p.yaml:1:13: there is no source registry/],
    ['a: [', /not valid YAML/],
    ['projects: {one: {provenence: {}}}', /unknown key "provenence"/],
  ])('names what is wrong with %j', (text, words) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code: 'POLICY_INVALID', message: expect.stringMatching(words) }),
    );
  });
});

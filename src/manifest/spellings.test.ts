import { describe, expect, it } from 'vitest';
import { findDisputes } from '../plan/disputes.ts';
import { wantedBy } from '../plan/desired/wanted.ts';
import { allowedRegistries, parsePlain, type ParsedProject } from './parse.ts';
import { completePolicies } from './policies/project-policies.ts';

const digest = (character: string): string => `sha256:${character.repeat(64)}`;
const POLICY =
  'provenance: {mode: require, signers: ["sigstore::https://i.test::s"], builders: [{id: b, level: 1}], sources: [c]}\n';

/** Returns a plain manifest that promotes one digest as `app:v1`, with further lines. */
const parse = (
  from: string,
  to: string,
  character: string,
  rest = '',
  allow: readonly string[] = [],
): ParsedProject => {
  const text = `registries: [{name: "${from}", src: true}, {name: "${to}"}]\nimages: [{name: app, dmap: {"${digest(character)}": [v1]}}]\n${rest}`;
  return parsePlain(character, { file: `${character}.yaml`, bytes: Buffer.from(text) }, allowedRegistries(allow));
};

describe('two spellings of one host', () => {
  it.each([
    ['localhost:5000', 'LOCALHOST:5000'],
    ['gcr.io/prod', 'GCR.io:443/prod'],
    ['127.0.0.1:80/prod', '127.0.0.1/prod'],
    ['[::1]:5000', '[0:0:0:0:0:0:0:1]:5000'],
    ['docker.io/acme', 'index.docker.io/acme'],
  ])('do not escape the conflict of a tag: %s, %s', (one, other) => {
    const { projects } = completePolicies([
      { parsed: parse('a.test', one, 'a') },
      { parsed: parse('b.test', other, 'b') },
    ]);
    expect(findDisputes(wantedBy(projects)).failures.map(({ code }) => code)).toEqual(['TAG_CONFLICT']);
  });

  it.each([
    ['s.test', 'S.test:443/below'],
    ['localhost:5000/s', 'LocalHost:5000/s/below'],
  ])('do not escape the policy of a source: %s, %s', (one, other) => {
    const parsed = [parse(one, 'p.test', 'a', POLICY), parse(other, 'q.test', 'b')];
    const loaded = completePolicies(parsed.map((project) => ({ parsed: project })));
    const below = wantedBy(loaded.projects).find(({ project }) => project === 'b');
    expect(below?.images[0]?.policies?.provenance).toHaveLength(1);
  });

  it('do not escape the registries that are allowed, nor those that are not', () => {
    const codes = (to: string, allow: string): readonly string[] =>
      parse('s.test', to, 'a', '', ['s.test', allow]).problems.map(({ code }) => code);
    expect(codes('P.test:443/x', 'p.test/x')).toEqual([]);
    expect(codes('p.test/x', 'p.test:443/x')).toEqual([]);
    expect(codes('P.test:8443/x', 'p.test/x')).toEqual(['REGISTRY_NOT_ALLOWED']);
  });

  it.each([
    ['127.1:5000/prod', '127.0.0.1:5000'],
    ['0x7f.0.0.1/prod', '127.0.0.1'],
    ['2130706433/prod', '127.0.0.1'],
    ['gcr.io./prod', 'gcr.io'],
  ])('are refused where they are ambiguous, with the plain form: %s', (written, plain) => {
    const [problem] = parse('s.test', written, 'a').problems;
    expect(problem).toMatchObject({ code: 'MANIFEST_INVALID', hint: `write ${plain} for ${written.split('/')[0]}` });
  });
});

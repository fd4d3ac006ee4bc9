import { describe, expect, it } from 'vitest';
import { parsePlain, parseThin, type ParsedProject } from '../parse.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const REGISTRIES = 'registries: [{name: gcr.io/a, src: true}, {name: gcr.io/b}]\n';
const SIGNER = 'sigstore::https://accounts.google.com::ci@acme.example';
const OTHER = 'sigstore(identityMatch=regex)::https://accounts.google.com::.*@acme\\.example';
const COMPLETE = [
  'mode: require',
  `signers: ["${SIGNER}"]`,
  'builders: [{id: https://ci.example, level: 3}]',
  'sources: [github.com/acme/app]',
];

/** A manifest whose `provenance` has these lines, from line 3 and column 3 on. */
const manifest = (...lines: readonly string[]): ParsedProject =>
  parsePlain('p', { file: 'm.yaml', bytes: encode(`${REGISTRIES}provenance:\n  ${lines.join('\n  ')}\n`) }, undefined);
/** The same, with these lines in place of those of the same key. */
const changed = (...lines: readonly string[]): ParsedProject => {
  const keys = new Set(lines.map((line) => line.split(':')[0]));
  return manifest(...COMPLETE.filter((line) => !keys.has(line.split(':')[0] ?? '')), ...lines);
};
const places = ({ problems }: ParsedProject): readonly string[] =>
  problems.map(({ code, message, position: { line, column } }) => `${line}:${column} ${code} ${message}`);

describe('src/manifest/policies/read-provenance.ts', () => {
  it('reads a policy with all keys', () => {
    const { project, problems } = manifest(
      ...COMPLETE.slice(0, 1),
      `signers: ["${SIGNER}", '${OTHER}']`,
      'builders:',
      '- {id: https://ci.example, level: 3}',
      `- {id: https://own.example@v1, level: 2, signers: ['${OTHER}']}`,
      'sources: [github.com/acme/app, git+https://github.com/acme/lib]',
      'predicateTypes: [https://spdx.dev/Document]',
      'level: 2',
    );
    expect(problems).toEqual([]);
    const policy = project?.policy?.provenance;
    expect(policy).toMatchObject({
      mode: 'require',
      signers: [{ text: SIGNER }, { text: OTHER }],
      builders: [
        { id: 'https://ci.example', level: 3, at: { line: 6 } },
        { id: 'https://own.example@v1', level: 2, signers: [{ text: OTHER }], at: { line: 7 } },
      ],
      sources: ['github.com/acme/app', 'git+https://github.com/acme/lib'],
      predicateTypes: ['https://spdx.dev/Document'],
      level: 2,
      at: { file: 'm.yaml', line: 3, column: 3 },
    });
    expect(policy?.builders[0]?.signers).toBeUndefined();
  });

  it('also reads the policy of a thin manifest', () => {
    const text = `${REGISTRIES}provenance: {${COMPLETE.join(', ')}}`;
    const parsed = parseThin(
      'p',
      { file: 'm.yaml', bytes: encode(text) },
      { file: 'i.yaml', bytes: encode('[]') },
      undefined,
    );
    expect(parsed.project?.policy?.provenance?.mode).toBe('require');
    expect(parsed.declared).toMatchObject({ project: 'p', source: 'gcr.io/a', provenance: { mode: 'require' } });
  });

  it.each([
    ['a policy without a mode', ['level: 0']],
    ['a policy that is off, however incomplete', ['mode: off', 'predicateTypes:', 'sources: [a/b]']],
    ['keys without values', ['mode:', 'signers:', 'builders:', 'sources:', 'predicateTypes:', 'level:']],
  ])('treats %s as disabled', (_, lines) => {
    const parsed = manifest(...lines);
    expect(places(parsed)).toEqual([]);
    expect(parsed.project?.policy?.provenance?.mode).toBe('off');
  });

  it('returns no policy for null', () => {
    const parsed = parsePlain('p', { file: 'm.yaml', bytes: encode(`${REGISTRIES}provenance:\n`) }, undefined);
    expect(parsed.project).not.toHaveProperty('policy');
  });

  it.each([
    ['an unknown key', ['modes: warn'], '7:3', 'unknown key "modes"'],
    ['an unknown mode', ['mode: enforce'], '6:9', '"mode" is "enforce"'],
    ['no signers', ['signers: []'], '3:3', 'no signers, which the mode require needs'],
    ['no builders', ['builders: []'], '3:3', 'no builders, which'],
    ['no sources', ['sources: []'], '3:3', 'no sources, which'],
    ['a signer in another form', ['signers: [ci@acme.example]'], '6:13', 'not a signer'],
    ['a signer without identity', ['signers: ["sigstore::x"]'], '6:13', 'no identity'],
    ['no regular expression', ["signers: ['sigstore(identityMatch=regex)::x::(']"], '6:13', 'not a regular expression'],
    ['a builder that is a text', ['builders: [https://ci.example]'], '6:14', 'not a mapping'],
    ['a builder without a level', ['builders: [{id: x}]'], '6:14', 'no "level"'],
    ['a builder without an id', ['builders: [{level: 1}]'], '6:14', 'no "id"'],
    ['a builder with a blank id', ['builders: [{id: " ", level: 1}]'], '6:19', 'is blank'],
    ['a builder of level 0', ['builders: [{id: x, level: 0}]'], '6:29', '"level" is "0", not 1, 2 or 3'],
    ['a builder of level 4', ['builders: [{id: x, level: 4}]'], '6:29', 'not 1, 2 or 3'],
    ['a builder with another key', ['builders: [{id: x, level: 1, calls: {}}]'], '6:32', 'unknown key "calls"'],
    [
      'a builder twice',
      ['builders: [{id: x, level: 1}, {id: x, level: 2}]'],
      '6:33',
      '"x" is listed twice \\(line 6\\)',
    ],
    [
      'a builder with signers that overlaps one without',
      [`builders: [{id: x, level: 1}, {id: x@v1, level: 2, signers: ["${SIGNER}"]}]`],
      '6:33',
      '"x" and "x@v1" overlap',
    ],
    [
      'the same the other way round',
      [`builders: [{id: x@v1, level: 2, signers: ["${SIGNER}"]}, {id: x, level: 1}]`],
      '6:',
      '"x@v1" and "x" overlap',
    ],
    [
      'a signer of a builder that the policy does not name',
      [`builders: [{id: x, level: 1, signers: ['${OTHER}']}]`],
      '6:42',
      'not a signer of the policy',
    ],
    ['a source with a ref', ['sources: [github.com/acme/app@main]'], '6:13', 'contains a ref'],
    ['a blank source', ['sources: [" "]'], '6:13', 'blank'],
    ['a blank predicate type', ['predicateTypes: [" "]'], '7:20', 'blank'],
    ['the level 1', ['level: 1'], '7:10', 'not 0, 2 or 3'],
    ['a level in quotes', ['level: "2"'], '7:10', 'not 0, 2 or 3'],
    [
      'a level that no builder reaches',
      ['builders: [{id: x, level: 3}, {id: y, level: 1}]', 'level: 2'],
      '7:10',
      'level 2: with these builders 1 is the highest',
    ],
  ])('rejects %s with its position', (_, lines, place, words) => {
    const parsed = changed(...lines);
    expect(parsed.project).toBeUndefined();
    expect(parsed.declared).toMatchObject({ source: 'gcr.io/a', provenance: 'unreadable' });
    expect(places(parsed)[0]).toMatch(new RegExp(`^${place}.* POLICY_INVALID .*${words}`));
  });

  const caller = (text: string): string => `builders: [{id: x, level: 1, caller: ${text}}]`;
  it.each([
    ['a caller without refs', '{workflows: [.github/workflows/a.yml]}', '"caller" has no "refs"'],
    ['an empty caller', '{}', '"caller" has no "refs"'],
    ['a caller with an empty list of refs', '{refs: []}', '"refs" names no ref'],
    ['a caller with events', '{refs: [refs/tags/v*], events: [push]}', '"events" cannot be checked'],
    ['a caller with another key', '{refs: [refs/tags/v*], repositories: [a/b]}', 'unknown key "repositories"'],
    ['a caller that is a text', 'refs/tags/v*', '"caller" is "refs/tags/v\\*", not a mapping'],
    ['a branch', '{refs: [main]}', 'not a full git ref'],
    ['any ref', '{refs: ["*"]}', 'not a full git ref'],
    ['no pattern of refs', '{refs: ["refs/tags/["]}', 'not a pattern of Go'],
    ['a workflow elsewhere', '{refs: [refs/tags/v*], workflows: [ci/a.yml]}', 'not the path of a workflow'],
    ['a folder', '{refs: [refs/tags/v*], workflows: [.github/workflows/]}', 'not the path of a workflow'],
    ['a way up', '{refs: [refs/tags/v*], workflows: [.github/workflows/../a.yml]}', 'not the path of a workflow'],
    ['two slashes', '{refs: [refs/tags/v*], workflows: [.github/workflows//a.yml]}', 'not the path of a workflow'],
    ['a slash before', '{refs: [refs/tags/v*], workflows: [/.github/workflows/a.yml]}', 'not the path of a workflow'],
    ['a ref of it', '{refs: [refs/tags/v*], workflows: [".github/workflows/a.yml@v1"]}', 'not the path of a workflow'],
    [
      'its repository',
      '{refs: [refs/tags/v*], workflows: [a/b/.github/workflows/a.yml]}',
      'not the path of a workflow',
    ],
  ])('rejects %s as the caller of a builder', (_, text, words) => {
    expect(places(changed(caller(text)))[0]).toMatch(new RegExp(`^6:.*POLICY_INVALID .*${words}`));
  });

  it.each([
    ['any workflow', '{refs: [refs/tags/v*]}', []],
    ['empty lists', '{refs: [refs/heads/main], workflows: [], events: []}', []],
    ['keys without values', '{refs: [refs/heads/main], workflows:, events:}', []],
    [
      'a workflow in a folder',
      '{refs: [refs/heads/main], workflows: [.github/workflows/a/b.yml]}',
      ['.github/workflows/a/b.yml'],
    ],
  ])('reads the callers of a builder: %s', (_, text, workflows) => {
    const parsed = changed(caller(text));
    expect(places(parsed)).toEqual([]);
    expect(parsed.project?.policy?.provenance?.builders[0]?.caller).toMatchObject({ workflows, refs: [{}] });
  });

  it('lets any run call a builder with an empty caller', () => {
    const { project } = changed('builders: [{id: x, level: 1, caller: }]');
    expect(project?.policy?.provenance?.builders[0]?.caller).toBeUndefined();
  });

  it.each([
    ['another key', 'levels: [{images: [a], level: 3, mode: warn}]', 'unknown key "mode"'],
    ['an image alone', 'levels: [a]', 'not a mapping'],
    ['a mapping', 'levels: {a: 3}', 'not a list'],
    ['a level in quotes', 'levels: [{images: [a], level: "3"}]', 'not 2 or 3'],
    [
      'more than 200 images',
      `levels: [{images: [${'a, '.repeat(101)}], level: 3}, {images: [${'b, '.repeat(100)}], level: 2}]`,
      '"levels" names 201 images',
    ],
    ['an unknown key near two', 'levl: 3', 'unknown key "levl"'],
  ])('rejects levels with %s', (_, line, words) => {
    expect(places(changed(line))[0]).toContain(words);
  });

  it('reads an empty list of levels', () => {
    expect(changed('levels: []').project?.policy?.provenance?.levels).toEqual([]);
    expect(changed('levels:').project?.policy?.provenance?.levels).toEqual([]);
  });

  it.each([
    [['levl: 3'], 'write "level" or "levels"'],
    [['levelz: [{images: [a], level: 3}]'], 'write "level" or "levels"'],
    [['mode: requires'], 'write require, warn or off'],
    [['builders: [{id: x, level: 1}, {id: x@v1, level: 2, signers: ["' + SIGNER + '"]}]'], 'name signers at both'],
    [['builders: [{id: x, level: 1}, {id: x, level: 2}]'], 'keep the stricter one'],
    [['builders: [{id: x, level: 3}, {id: y, level: 1}]', 'level: 2'], 'name the signers of each builder'],
    [['sources: [github.com/acme/app@refs/tags/v1]'], 'the refs under "caller" of a builder'],
    [[`builders: [{id: x, level: 1, signers: ['${OTHER}']}]`], 'write it as under "signers"'],
  ])('suggests nothing that requires less than %j', (lines, hint) => {
    const [problem] = changed(...lines).problems;
    expect(problem?.hint).toContain(hint);
    expect(problem?.hint).not.toMatch(/at none|raise their levels|leave out|write "level"$/);
  });

  it('reports every problem of a policy', () => {
    const parsed = changed('signers: [x]', 'sources: [a@b]', 'level: 9');
    expect(places(parsed).map((line) => line.split(' ')[0])).toEqual(['5:13', '6:13', '7:10']);
  });

  it('rejects more than 200 signers or builders', () => {
    const many = (one: (index: number) => string): string =>
      Array.from({ length: 201 }, (_, index) => one(index)).join(', ');
    const parsed = changed(`signers: [${many((index) => `"${SIGNER}${index}"`)}]`);
    expect(places(parsed)).toEqual(['6:12 POLICY_INVALID "signers" has 201 entries']);
    const builders = changed(`builders: [${many((index) => `{id: "https://${index}.example", level: 3}`)}]`);
    expect(places(builders)).toEqual(['6:13 POLICY_INVALID "builders" has 201 entries']);
  });

  it('accepts a level that a builder of some signer reaches', () => {
    const parsed = changed(
      `signers: ["${SIGNER}", '${OTHER}']`,
      `builders: [{id: x, level: 1}, {id: y, level: 3, signers: ['${OTHER}']}]`,
      'level: 3',
    );
    expect(places(parsed)).toEqual([]);
  });
});

import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { parseTreePolicy, type TreePolicy } from './tree-policy.ts';
import { policySchema } from './policy-schema.ts';

const PUBLISHED = new URL('../../../schemas/promoter-policy.schema.json', import.meta.url);
const EVERY_KEY = `
provenance:
  mode: require
  signers: ["sigstore::https://accounts.google.com::builder@project.iam.gserviceaccount.com"]
  builders: [{ id: "https://example.com/builder", level: 3 }]
  sources: [git+https://github.com/acme/app]
  level: 2
artifactTypes: [application/vnd.cncf.helm.config.v1+json]
vulnerabilities:
  threshold: 4
  exceptions:
  - { id: CVE-2026-1, until: 2026-12-31, reason: "not reachable" }
  - { id: CVE-2026-2, reason: no such code }
projects:
  app:
    provenance: { mode: off }
    artifactTypes: []
    vulnerabilities: {}
`;

const parse = (text: string): TreePolicy =>
  parseTreePolicy({ file: 'promoter-policy.yaml', bytes: new TextEncoder().encode(text) });
const places = ({ problems, projects }: TreePolicy): readonly string[] =>
  [...problems, ...projects.flatMap((project) => project.problems)].map(
    ({ message, position: { line, column } }) => `${line}:${column} ${message}`,
  );
const agrees = (text: string): boolean =>
  new Ajv2020({ strict: true }).compile(JSON.parse(policySchema()) as object)(load(text));

describe('src/manifest/policies/tree-policy.ts', () => {
  it('reads every key for all projects and for one', () => {
    const policy = parse(EVERY_KEY);
    expect(places(policy)).toEqual([]);
    expect(policy.defaults).toMatchObject({
      provenance: { mode: 'require', level: 2, at: { line: 3, column: 3 } },
      artifactTypes: { types: ['application/vnd.cncf.helm.config.v1+json'] },
      vulnerabilities: {
        threshold: 4,
        exceptions: [
          { id: 'CVE-2026-1', until: '2026-12-31', reason: 'not reachable', at: { line: 12 } },
          { id: 'CVE-2026-2', reason: 'no such code' },
        ],
      },
    });
    expect(policy.defaults).not.toHaveProperty('projects');
    expect(policy.projects).toMatchObject([
      {
        name: 'app',
        position: { line: 15, column: 3 },
        policy: { provenance: { mode: 'off' }, artifactTypes: { types: [] }, vulnerabilities: { exceptions: [] } },
      },
    ]);
  });

  it.each([
    ['an empty file', '', '1:1', 'empty'],
    ['a list', '- a', '1:1', 'is a list'],
    ['invalid YAML', 'a: [', '1:', 'not valid YAML'],
    ['an unknown key', 'provenences: {}', '1:1', 'unknown key "provenences"'],
    ['a key twice', 'vulnerabilities: {}\nvulnerabilities: {}', '2:1', 'twice'],
    ['an invalid provenance policy', 'provenance: {mode: maybe}', '1:20', '"mode" is "maybe"'],
    ['an invalid type', 'artifactTypes: [helm]', '1:17', '"helm", which is not a media type'],
    ['a threshold that is not a severity', 'vulnerabilities: {threshold: 6}', '1:30', 'not -1, 0, 1, 2, 3, 4 or 5'],
    ['an exception without a reason', 'vulnerabilities: {exceptions: [{id: CVE-1}]}', '1:32', 'no "reason"'],
    ['a blank reason', 'vulnerabilities: {exceptions: [{id: CVE-1, reason: " "}]}', '1:52', 'blank'],
    ['an exception without an id', 'vulnerabilities: {exceptions: [{reason: x}]}', '1:32', 'no "id"'],
    ['an invalid day', 'vulnerabilities: {exceptions: [{id: a, reason: x, until: 2026-02-30}]}', '1:58', 'not a day'],
    ['a time', 'vulnerabilities: {exceptions: [{id: a, reason: x, until: 2026-02-01T00:00:00Z}]}', '1:58', 'not a day'],
    ['projects that are a list', 'projects: [a]', '1:11', 'is a list'],
  ])('rejects %s with its position', (_, text, place, words) => {
    const policy = parse(text);
    expect(policy.defaults).toBeUndefined();
    expect(places(policy)[0]).toMatch(new RegExp(`^${place}.*${words}`));
  });

  it('rejects a file that is not UTF-8', () => {
    expect(places(parseTreePolicy({ file: 'f', bytes: Uint8Array.of(0x61, 0xff) }))[0]).toMatch(/^1:2 .*UTF-8/);
  });

  it('keeps the problems of one project with that project', () => {
    const policy = parse(
      'artifactTypes: []\nprojects:\n  good: {artifactTypes: []}\n  bad: {artifactType: []}\n  odd: 7',
    );
    expect(policy.defaults).toBeDefined();
    expect(policy.problems).toEqual([]);
    expect(policy.projects.map(({ name, policy: own }) => [name, own !== undefined])).toEqual([
      ['good', true],
      ['bad', false],
      ['odd', false],
    ]);
    expect(places(policy)).toEqual([
      '4:9 the project "bad" has the unknown key "artifactType"',
      '5:8 the project "odd" is "7", not a mapping',
    ]);
  });

  it('publishes its JSON schema', () => {
    expect(readFileSync(PUBLISHED, 'utf8')).toBe(policySchema());
  });

  it.each([
    [EVERY_KEY, true],
    ['provenance: {mode: maybe}', false],
    ['provenence: {}', false],
    ['provenance: {builders: [x]}', false],
    ['provenance: {signers: [x]}', false],
    ['provenance: {sources: [a@b]}', false],
    ['provenance: {level: 1}', false],
    ['artifactTypes: [helm]', false],
    ['vulnerabilities: {exceptions: [{id: CVE-1}]}', false],
    ['projects: {a: {provenence: {}}}', false],
  ])('agrees with the schema about %j', (text, expected) => {
    const policy = parse(text);
    expect(places(policy).length === 0).toBe(expected);
    expect(agrees(text)).toBe(expected);
  });
});

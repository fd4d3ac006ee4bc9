import { describe, expect, it } from 'vitest';
import {
  BUILDER,
  bound,
  byGenerator,
  bySelf,
  CI,
  digestOf,
  evidence,
  GENERATOR,
  ISOLATED,
  meant,
  OTHER,
  outcome,
  SELF,
  simple,
  SPDX,
  STRANGER,
  verdict,
  type Attestation,
  type Case,
  type Written,
} from './support/upstream-policies.ts';

// What upstream's tests of provenance policies say (promo-tools, promoter/image/provenance/*_test.go), in our words and with
// our fixtures; each `describe` names the test that it stands for. Where the verdict is another, docs/decisions.md says why.

const PATTERN = String.raw`sigstore(identityMatch=regex)::https://accounts.google.com::.*@acme\.example`;

const two = (sources: readonly string[]): Written => simple({ sources });
const LOWEST = simple({
  builders: [
    { id: BUILDER, level: 3 },
    { id: SELF, level: 1 },
  ],
});

describe('TestPolicyEvaluatorEvaluate: provenance', () => {
  it.each<Case>([
    ['signed provenance', simple(), [{}], 3],
    ['nothing', simple(), [], 'no build provenance'],
    ['unsigned provenance', simple(), [{ signer: 'unsigned' }], 'it is not signed'],
    ['a wrong signature', simple(), [{ isRefuted: true }], 'its signature is wrong'],
    ['a foreign signer', simple(), [{ signer: STRANGER }], 'which is not a signer of the policy'],
    ['provenance about another digest', simple(), [{ about: OTHER }], 'it is about another digest'],
    ['an untrusted builder', simple(), [{ builder: 'https://example.com/builder' }], 'is not in the policy'],
    ['another source', simple(), [{ source: 'git+https://github.com/acme/other' }], 'is not in the policy'],
    ['the second source', two(['github.com/acme/other', 'github.com/acme/app']), [{}], 3],
    ['good provenance beside bad', simple(), [{ signer: STRANGER }, {}], 3],
    ['an expression as signer', simple({ signers: [PATTERN] }), [{}], 3],
    ['a builder of level 1', simple({ builders: [{ id: BUILDER, level: 1 }] }), [{}], 1],
    ['the lowest of the builders', LOWEST, [{}], 1],
    ['no invocation at level 2', simple({ level: 2 }), [{ hasInvocation: false }], 2],
  ])('judges %s', (_, policy, attached, expected) => {
    expect(outcome(policy, attached)).toEqual(meant(expected));
  });

  it('differs: promotes provenance without an invocation where no level is asked for, at level 2', () => {
    expect(outcome(simple(), [{ hasInvocation: false }])).toBe(2);
  });
});

const ISOLATED_BUILDER = { id: 'https://ci.example/isolated', level: 3, signers: [STRANGER] };
const isolated = (...more: readonly Written[]): Written =>
  simple({ signers: [CI, STRANGER], builders: [ISOLATED_BUILDER, ...more] });
const WORKFLOWS = String.raw`sigstore(identityMatch=regex)::https://token.actions.githubusercontent.com::https://github\.com/acme/app/\.github/workflows/.*`;
const overlapping = (differing: Written = {}): Written =>
  simple({
    signers: [ISOLATED, WORKFLOWS],
    builders: [
      { id: GENERATOR, level: 3, signers: [ISOLATED] },
      { id: 'https://github.com/acme/app/.github/workflows/build.yml', level: 2, signers: [WORKFLOWS] },
    ],
    ...differing,
  });

describe('TestPolicyEvaluatorEvaluate: signers of builders', () => {
  it.each<Case>([
    ['the highest level of several', bound(), [bySelf, byGenerator], 3],
    ['the same in another order', bound(), [byGenerator, bySelf], 3],
    ['two of the same level', bound(), [bySelf, bySelf], 1],
    ['a builder that names its signer', bound(), [byGenerator], 3],
    ['the same where level 3 is asked for', bound({ level: 3 }), [byGenerator], 3],
    ['another signer for it', bound(), [{ ...byGenerator, signer: CI }], 'may not be claimed'],
    ['another signer where level 3 is asked for', bound({ level: 3 }), [bySelf], 'level 1 is below 3'],
    [
      'a builder that nobody knows, by its signer',
      isolated({ id: SELF, level: 1 }),
      [{ builder: ISOLATED_BUILDER.id, signer: STRANGER }],
      3,
    ],
    ['the same by another', isolated({ id: SELF, level: 1 }), [{ builder: ISOLATED_BUILDER.id }], 'may not be claimed'],
    [
      'a builder without signers, by one that builders name',
      isolated({ id: SELF, level: 1 }),
      [{ builder: SELF, signer: STRANGER }],
      'may not be claimed',
    ],
    ['a signer that no builder names', isolated(), [{ builder: ISOLATED_BUILDER.id }], 'may not be claimed'],
    ['an identity that is two signers', overlapping(), [byGenerator], 2],
    ['the same where level 3 is asked for', overlapping({ level: 3 }), [byGenerator], 'level 2 is below 3'],
  ])('judges %s', (_, policy, attached, expected) => {
    expect(outcome(policy, attached)).toEqual(meant(expected));
  });
});

const SBOM: Attestation = { sbom: true };
const asked = simple({ predicateTypes: [SPDX] });

describe('TestPolicyEvaluatorEvaluate: predicate types', () => {
  it.each<Case>([
    ['a type that is there', asked, [{}, SBOM], 3],
    ['a type that is missing', asked, [{}], `attested ${SPDX}`],
    [
      'a type that is not signed, or by a stranger',
      asked,
      [{}, { ...SBOM, signer: 'unsigned' }, { ...SBOM, signer: STRANGER }],
      `attested ${SPDX}`,
    ],
    ['a type whose signature is wrong', asked, [{}, { ...SBOM, isRefuted: true }], 'does not verify'],
    ['a type about another digest', asked, [{}, { ...SBOM, about: OTHER }], 'it is about another digest'],
  ])('judges %s', (_, policy, attached, expected) => {
    expect(outcome(policy, attached)).toEqual(meant(expected));
  });
});

describe('TestPolicyEvaluatorPlatforms', () => {
  const level = simple({ level: 2 });
  const about = (index: number, more: Attestation = {}): Attestation => ({ about: digestOf(String(index)), ...more });
  const untrusted = { builder: 'https://ci.example/untrusted' };
  it.each<[string, readonly Attestation[], readonly (readonly Attestation[])[], number | string]>([
    ['all platforms pass, at the lowest of their levels', [], [[about(2)], [about(3, { hasInvocation: false })]], 2],
    ['one platform without provenance', [], [[about(2)], []], 'no build provenance'],
    ['one platform of an untrusted builder', [], [[about(2)], [about(3, untrusted)]], 'platform sha256:333'],
    [
      'bad provenance of the index, good of its platforms',
      [untrusted],
      [[about(2)], [about(3)]],
      'untrusted is not in',
    ],
    ['good provenance of the index', [{}], [[], []], 3],
  ])('judges an index: %s', (__, own, platforms, expected) => {
    const { result, level: reached, violations } = verdict(level, evidence(own, platforms));
    if (typeof expected === 'number') expect({ result, reached }).toEqual({ result: 'passed', reached: expected });
    else expect(violations[0]?.message).toContain(expected);
  });

  it('differs: provenance by an untrusted signer does not count for the index', () => {
    const found = evidence([{ signer: STRANGER }], [[about(2)], [about(3)]]);
    expect(verdict(level, found)).toMatchObject({ result: 'passed', level: 3 });
  });
});

describe('TestPolicyEvaluatorImageLevels', () => {
  const policy = bound({ levels: [{ images: ['app', 'charts/*'], level: 3 }] });
  it.each<[string, string, readonly Attestation[], number | readonly string[]]>([
    ['at its level', 'app', [bySelf, byGenerator], 3],
    ['below its level', 'app', [bySelf], ['level 1 is below 3, which this image must reach']],
    [
      'below its level, with provenance that is refused',
      'app',
      [bySelf, { ...byGenerator, signer: CI }],
      ['level 1 is below 3', 'may not be claimed'],
    ],
    ['without a level', 'app-bundle', [bySelf], 1],
    ['of a pattern', 'charts/app', [bySelf], ['level 1 is below 3']],
    ['below a pattern', 'charts/nested/app', [bySelf], 1],
    ['at the source registry itself', '', [bySelf], 1],
  ])('judges an image %s', (__, image, attached, expected) => {
    const { result, level, violations } = verdict(policy, evidence(attached), image);
    if (typeof expected === 'number') expect({ result, level }).toEqual({ result: 'passed', level: expected });
    else for (const words of expected) expect(violations[0]?.message).toContain(words);
  });

  it('accepts what is below the level of an image that reaches it', () => {
    expect(verdict(policy, evidence([bySelf, byGenerator])).accepted).toHaveLength(2);
  });

  it('holds each platform of an index to the level of its image, unless the index passes by itself', () => {
    const platforms = [[{ about: OTHER }], [{ about: digestOf('3'), hasInvocation: false as const }]];
    const levels = simple({ level: 2, levels: [{ images: ['app'], level: 3 }] });
    const { violations } = verdict(levels, evidence([], platforms));
    expect(violations[0]?.message).toMatch(/platform sha256:3{12}…: its level 2 is below 3.*no invocation id/);
    expect(verdict(levels, evidence([], platforms), 'other')).toMatchObject({ result: 'passed', level: 2 });
    const own = evidence([byGenerator], [[{ ...bySelf, about: OTHER }]]);
    expect(verdict(policy, own)).toMatchObject({ result: 'passed', level: 3 });
  });

  it('only warns where the policy does', () => {
    const lenient = { ...policy, mode: 'warn' };
    expect(verdict(lenient, evidence([bySelf]))).toMatchObject({ result: 'warned', violations: [{}] });
  });
});

describe('TestPolicyEvaluatorAccepted', () => {
  it('accepts what is good only, each by a signer of the policy', () => {
    const found = evidence([
      {},
      SBOM,
      { ...SBOM, signer: STRANGER },
      { ...SBOM, signer: 'unsigned' },
      { source: 'git+https://github.com/acme/other@refs/heads/main' },
      { builder: 'https://ci.example/untrusted' },
    ]);
    const { accepted, result } = verdict(simple(), found);
    expect({ result, accepted }).toEqual({ result: 'passed', accepted: found.items.slice(0, 2) });
  });
});

describe('TestPolicyCheckerCheck', () => {
  it.each([
    ['off', [], 'off'],
    ['require', [{}], 'passed'],
    ['warn', [{}], 'passed'],
    ['require', [{ signer: 'unsigned' }], 'failed'],
    ['warn', [{ signer: 'unsigned' }], 'warned'],
  ] as const)('judges in the mode %s what has %j: %s', (mode, attached, result) => {
    expect(verdict(simple({ mode }), evidence(attached)).result).toBe(result);
  });
});

import { describe, expect, it } from 'vitest';
import {
  BUILDER,
  builderRule,
  evidenceOf,
  ISSUER,
  provenanceItem,
  requiring,
  signerRule,
  SOURCE,
} from '../../test/support/policies.ts';
import { judge } from './judge.ts';
import type { EvidenceItem, Judgement, ProvenancePolicy } from './provenance.ts';

const by = (subject: string): Pick<EvidenceItem, 'signer'> => ({
  signer: { kind: 'keyless', issuer: ISSUER, subject },
});
const KEY: Pick<EvidenceItem, 'signer'> = { signer: { kind: 'key', hint: 'abc' } };
const sbom = (differing: Partial<EvidenceItem> = {}): EvidenceItem =>
  provenanceItem({ kind: 'sbom', predicateType: 'https://spdx.dev/Document', sources: [], ...differing });
const judged = (policy: Partial<ProvenancePolicy>, ...items: readonly EvidenceItem[]): Judgement =>
  judge([requiring(policy)], evidenceOf(items));
const words = ({ violations }: Judgement): string => violations.map(({ message }) => message).join('\n');

describe('src/policy/judge.ts', () => {
  it('passes what a known signer attested of a known builder and source, at the level of the builder', () => {
    const item = provenanceItem();
    expect(judged({}, item)).toEqual({
      mode: 'require',
      result: 'passed',
      level: 3,
      accepted: [item],
      violations: [],
      signer: `ci (${ISSUER})`,
      builder: `${BUILDER}@refs/tags/v1`,
      source: `git+https://${SOURCE}@refs/tags/v1`,
    });
  });

  it.each([
    ['nothing', [], 'no build provenance is attached'],
    ['an SBOM only', [sbom()], 'no build provenance is attached'],
    [
      'the provenance of a stranger',
      [provenanceItem(by('eve'))],
      'signed by eve \\(.*\\), which is not a signer of the policy',
    ],
    ['provenance by a key', [provenanceItem(KEY)], 'signed by a key \\(abc\\), which is not a signer'],
    ['unverifiable provenance', [provenanceItem({ status: 'unverifiable', reason: 'no root' })], 'unverifiable \\(no'],
    ['another builder', [provenanceItem({ builder: `${BUILDER}2` })], `builder ${BUILDER}2 is not in`],
    ['another source', [provenanceItem({ sources: ['git+https://github.com/eve/app'] })], 'source .*eve/app is not in'],
    ['no source', [provenanceItem({ sources: [] })], 'names no source'],
    [
      'a known source beside another, of which either was built',
      [provenanceItem({ sources: [`https://${SOURCE}`, 'https://github.com/eve/app'] })],
      'source https://github.com/eve/app is not in',
    ],
  ])('fails %s, with the place of the policy', (_, items, reason) => {
    const judgement = judged({}, ...items);
    expect(judgement).toMatchObject({ result: 'failed', level: 0, accepted: [] });
    expect(judgement.violations).toMatchObject([{ code: 'PROVENANCE', policy: { line: 7 } }]);
    expect(words(judgement)).toMatch(new RegExp(`a.test/app@sha256:b+ does not satisfy .*${reason}`));
  });

  it('fails provenance that names no builder', () => {
    const { builder: _, ...item } = provenanceItem();
    expect(words(judged({}, item))).toContain('names no builder');
  });

  it('accepts a signature by a signer of the policy that other policies do not trust', () => {
    expect(judged({}, provenanceItem({ status: 'untrusted' })).result).toBe('passed');
  });

  it('is not hindered by what strangers and keys attach beside it', () => {
    const foreign = [provenanceItem(by('eve')), provenanceItem(KEY), sbom({ status: 'unverifiable' })];
    expect(judged({}, ...foreign, provenanceItem())).toMatchObject({ result: 'passed', accepted: [{}] });
  });

  it('warns in the mode warn, and reports nothing in the mode off', () => {
    expect(judged({ mode: 'warn' })).toMatchObject({ mode: 'warn', result: 'warned', level: 0, violations: [{}] });
    expect(judged({ mode: 'off' })).toMatchObject({ mode: 'off', result: 'off', level: 'unevaluated', violations: [] });
    expect(judge([], evidenceOf([provenanceItem(by('eve'))]))).toMatchObject({ result: 'off', accepted: [] });
  });

  it.each([['off'], ['warn'], ['require']] as const)('fails tampered evidence in the mode %s', (mode) => {
    const items = [provenanceItem(), sbom({ ...KEY, status: 'failed', reason: 'it is about another digest' })];
    expect(judged({ mode }, ...items)).toMatchObject({ result: 'failed', accepted: [] });
    expect(judge([], evidenceOf(items)).violations).toMatchObject([
      {
        code: 'TAMPERED',
        message: expect.stringMatching(/^the sbom sha256:e+ of a\.test.*: it is about another digest/),
      },
    ]);
  });

  it('asks every policy, and takes what all of them accept', () => {
    const other = requiring({
      signers: [signerRule('ci'), signerRule('scanner')],
      builders: [builderRule(BUILDER, 2)],
    });
    const items = [provenanceItem(), sbom(), sbom(by('scanner'))];
    expect(judge([requiring(), other], evidenceOf(items))).toMatchObject({
      result: 'passed',
      level: 2,
      accepted: items.slice(0, 2),
    });
    const stricter = requiring({ sources: ['github.com/acme/other'] });
    expect(judge([requiring(), stricter], evidenceOf(items))).toMatchObject({ result: 'failed', violations: [{}] });
    const lenient = { ...stricter, mode: 'warn' } as const;
    expect(judge([requiring(), lenient], evidenceOf(items))).toMatchObject({ mode: 'require', result: 'warned' });
  });

  it('reports that a change violates the policy that it changes', () => {
    const [violation] = judged({ isBase: true }).violations;
    expect(violation?.message).toContain('as it was before this change');
    expect(violation?.hint).toContain('merged by itself first');
  });

  it('asks for each predicate type by one of the signers', () => {
    const policy = { predicateTypes: ['https://spdx.dev/Document'] };
    expect(judged(policy, provenanceItem(), sbom()).result).toBe('passed');
    expect(words(judged(policy, provenanceItem(), sbom(by('eve'))))).toContain('attested https://spdx.dev/Document');
    expect(words(judged(policy, provenanceItem()))).not.toContain('build provenance');
  });

  it('accepts neither image signatures nor what the promoter writes', () => {
    const own = (['signature', 'record', 'summary'] as const).map((kind) => provenanceItem({ kind }));
    expect(judged({}, provenanceItem(), ...own).accepted).toEqual([provenanceItem()]);
  });
});

describe('src/policy/judge.ts: levels', () => {
  const [ONE, THREE] = ['https://ci.example/one', 'https://ci.example/three'];
  const policy = {
    signers: [signerRule('ci'), signerRule('isolated')],
    builders: [builderRule(ONE, 1), builderRule(THREE, 3, 'isolated')],
  };

  it('trusts a signer with the builders that name it only', () => {
    const self = provenanceItem({ builder: ONE });
    const isolated = provenanceItem({ builder: THREE, ...by('isolated') });
    expect(judged(policy, self).level).toBe(1);
    expect(judged(policy, isolated).level).toBe(3);
    expect(judged(policy, self, isolated).level).toBe(3);
    expect(words(judged(policy, { ...self, builder: THREE }))).toMatch(/three may not be claimed by ci/);
    expect(words(judged(policy, { ...isolated, builder: ONE }))).toMatch(/one may not be claimed by isolated/);
  });

  it('trusts a signer with no more than the least of the builders that it may claim', () => {
    const builders = [builderRule(ONE, 1), builderRule(THREE, 3)];
    expect(judged({ builders }, provenanceItem({ builder: THREE })).level).toBe(1);
  });

  it('trusts an identity that is several signers with the least of their builders', () => {
    const signers = [signerRule('ci'), signerRule(`sigstore(identityMatch=regex)::${ISSUER}::c.`)];
    const builders = [builderRule(ONE, 1, 'ci'), builderRule(THREE, 3, signers[1]?.text ?? '')];
    expect(judged({ signers, builders }, provenanceItem({ builder: THREE })).level).toBe(1);
    expect(judged({ signers, builders }, provenanceItem({ builder: THREE, ...by('cd') })).level).toBe(3);
  });

  it.each([
    [0, 1, 'passed'],
    [2, 1, 'failed'],
    [2, 2, 'passed'],
    [3, 2, 'failed'],
    [3, 3, 'passed'],
  ] as const)('holds the level %d against a builder of level %d: %s', (level, reached, result) => {
    expect(judged({ level, builders: [builderRule(BUILDER, reached)] }, provenanceItem()).result).toBe(result);
  });

  it('trusts provenance without an invocation up to level 2, with the reason', () => {
    const { invocation: _, ...item } = provenanceItem();
    expect(judged({}, item)).toMatchObject({ result: 'passed', level: 2 });
    expect(judged({ level: 2 }, item)).toMatchObject({ result: 'passed', level: 2 });
    expect(judged({ builders: [builderRule(BUILDER, 1)] }, item).level).toBe(1);
    expect(judged({ level: 3 }, item)).toMatchObject({ result: 'failed', level: 0, accepted: [] });
    expect(words(judged({ level: 3 }, item))).toMatch(/level 2 is below 3: .*no invocation id.*metadata\.invocationId/);
    const low = { level: 3, builders: [builderRule(BUILDER, 2)] } as const;
    expect(words(judged(low, item))).not.toContain('invocation');
    expect(judged({ level: 3 }, item, provenanceItem())).toMatchObject({ result: 'passed', level: 3, accepted: [{}] });
    const index = evidenceOf(
      [],
      [evidenceOf([provenanceItem()]), { ...evidenceOf([item]), digest: `sha256:${'c'.repeat(64)}` }],
    );
    expect(judge([requiring()], index)).toMatchObject({ result: 'passed', level: 2 });
  });

  it.each([
    [BUILDER, BUILDER, 'passed'],
    [BUILDER, `${BUILDER}@v1`, 'passed'],
    [`${BUILDER}@v1`, `${BUILDER}@v1`, 'passed'],
    [`${BUILDER}@v1`, BUILDER, 'failed'],
    [`${BUILDER}@v1`, `${BUILDER}@v1@v2`, 'failed'],
    [BUILDER, `${BUILDER}/x@v1`, 'failed'],
  ])('holds the builder %s against %s: %s', (id, builder, result) => {
    expect(judged({ builders: [builderRule(id, 3)] }, provenanceItem({ builder })).result).toBe(result);
  });
});

describe('src/policy/judge.ts: indexes', () => {
  const good = evidenceOf([provenanceItem()]);
  const bad = evidenceOf([]);

  it('takes provenance of the index itself, whatever its platforms have', () => {
    expect(judge([requiring()], evidenceOf([provenanceItem()], [bad]))).toMatchObject({ result: 'passed', level: 3 });
  });

  it('fails an index whose own provenance fails, whatever its platforms have', () => {
    const wrong = provenanceItem({ sources: ['github.com/eve/app'] });
    expect(judge([requiring()], evidenceOf([wrong], [good]))).toMatchObject({ result: 'failed', level: 0 });
  });

  it('else takes all of its platforms at the lowest of their levels, with what they were judged by', () => {
    const policy = requiring({
      signers: [signerRule('ci'), signerRule('two')],
      builders: [builderRule(BUILDER, 3, 'ci'), builderRule('two', 2, 'two')],
    });
    const two = evidenceOf([provenanceItem({ ...by('two'), builder: 'two' })]);
    const foreign = [provenanceItem(by('eve'))];
    expect(judge([policy], evidenceOf(foreign, [good, two, good]))).toMatchObject({
      result: 'passed',
      level: 2,
      accepted: [...good.items, ...two.items],
    });
  });

  it('accepts evidence of the index and of all its children, whichever of them satisfies the policy', () => {
    const deep = evidenceOf([provenanceItem({ manifest: 'deep' })]);
    const inner = { ...evidenceOf([provenanceItem({ manifest: 'inner' })], [deep]), digest: deep.digest };
    const [listing, theirs] = [sbom({ manifest: 'listing' }), sbom({ manifest: 'theirs', ...by('eve') })];
    const items = [listing, theirs];
    const all = [...good.items, ...inner.items, ...deep.items];
    const through = judge([requiring()], evidenceOf(items, [good, inner]));
    expect([through.result, through.accepted]).toEqual(['passed', [listing, ...all]]);
    const own = provenanceItem({ manifest: 'own' });
    const itself = judge([requiring()], evidenceOf([own, ...items], [good, inner, bad]));
    expect([itself.result, itself.accepted]).toEqual(['passed', [own, listing, ...all]]);
    const rejected = evidenceOf([provenanceItem({ manifest: 'rejected', sources: ['github.com/eve/app'] })]);
    expect(judge([requiring()], evidenceOf([own], [rejected])).accepted).toEqual([own]);
    expect(judge([requiring()], evidenceOf(items, [good, bad])).accepted).toEqual([]);
  });

  it('fails an index without platforms or with a failing platform, and names that platform', () => {
    const judgement = judge([requiring()], evidenceOf([], [good, bad]));
    expect(judgement.result).toBe('failed');
    expect(words(judgement)).toMatch(/platform sha256:b{12}…: no build provenance/);
    expect(judge([requiring()], evidenceOf([], [])).result).toBe('failed');
  });

  it('judges an index in an index by its own provenance', () => {
    expect(judge([requiring()], evidenceOf([], [evidenceOf([], [good])])).result).toBe('failed');
    expect(judge([requiring()], evidenceOf([], [evidenceOf([provenanceItem()], [bad])])).result).toBe('passed');
  });

  it('fails an index with tampered evidence at any depth', () => {
    const tampered = evidenceOf([provenanceItem({ kind: 'signature', status: 'failed' })]);
    const deep = evidenceOf([provenanceItem()], [evidenceOf([], [tampered])]);
    expect(judge([requiring()], deep)).toMatchObject({ result: 'failed', violations: [{ code: 'TAMPERED' }] });
  });
});

import { describe, expect, it } from 'vitest';
import { evidenceOf, provenanceItem, requiring } from '../../../test/support/policies.ts';
import { digestOf, type Digest } from '../../image/digest.ts';
import { judge } from '../../policy/judge.ts';
import type { Evidence, EvidenceItem, Judgement, ProvenancePolicy } from '../../policy/provenance.ts';
import { acceptedOf, askingFor, platformsIn, verifiedBy, type Verified, type Vouched } from './accepted.ts';
import type { SummaryFacts } from '../formats/summary.ts';

const digest = (text: string): Digest => digestOf(Buffer.from(text));
const item = (name: string, given: Partial<EvidenceItem> = {}): EvidenceItem =>
  provenanceItem({ manifest: digest(`manifest ${name}`), content: digest(`content ${name}`), ...given });
const passed = (...accepted: readonly EvidenceItem[]): Judgement => ({
  mode: 'require',
  result: 'passed',
  level: 3,
  accepted,
  violations: [],
});

/** What is told of an image itself. */
const verifiedImage = (one: Pick<Vouched, 'evidence' | 'judgement'>): Verified =>
  verifiedBy(one.evidence.digest, [{ policies: { provenance: [] }, ...one }]);

const own = item('own');
const sbom = item('sbom', { kind: 'sbom', predicateType: 'https://spdx.dev/Document' });
const below = item('below', { form: 'att', manifest: 'sha256-1.att' });
const other = item('other');
const platform: Evidence = { ...evidenceOf([below]), digest: digest('platform') };
const second: Evidence = { ...evidenceOf([other]), digest: digest('second') };
const index: Evidence = { ...evidenceOf([own, sbom], [platform, second]), digest: digest('index') };

describe('src/attest/evidence/accepted.ts', () => {
  it('groups accepted evidence by its digest, with SBOMs only if requested', () => {
    const judgement = passed(own, sbom, below);
    const platforms = [{ digest: platform.digest, items: [below] }];
    expect(acceptedOf(index, judgement, true)).toEqual([{ digest: index.digest, items: [own, sbom] }, ...platforms]);
    expect(acceptedOf(index, judgement, false)).toEqual([{ digest: index.digest, items: [own] }, ...platforms]);
    expect(acceptedOf(index, passed(own), true)).toEqual([{ digest: index.digest, items: [own] }]);
  });

  it.each<Partial<Judgement>>([
    { result: 'warned', mode: 'warn' },
    { result: 'failed' },
    { result: 'off', mode: 'off' },
  ])('carries nothing if the policies return %j', (came) => {
    expect(acceptedOf(index, { ...passed(own), ...came }, true)).toEqual([]);
  });

  it('lists the evidence that counted for an image: its own, and that of its platforms only if it passes by them', () => {
    const inputs = (judgement: Judgement): readonly string[] =>
      verifiedImage({ evidence: index, judgement }).inputs.map(({ uri }) => uri);
    const uri = ({ form, manifest }: EvidenceItem): string =>
      `${index.repository}${form === 'att' ? ':' : '@'}${manifest}`;
    expect(inputs(passed(own, sbom, below, other))).toEqual([uri(own), uri(sbom)]);
    expect(inputs(passed(sbom, below, other))).toEqual([uri(sbom), uri(below), uri(other)]);
    expect(inputs(passed())).toEqual([]);
    expect(verifiedImage({ evidence: index, judgement: passed(own) }).inputs).toEqual([
      { uri: uri(own), digest: own.content },
    ]);
  });

  it.each<[Partial<Judgement>, SummaryFacts['outcome']]>([
    [
      { result: 'passed', level: 2 },
      { result: 'PASSED', level: 2 },
    ],
    [
      { result: 'off', level: 'unevaluated' },
      { result: 'PASSED', level: 'unevaluated' },
    ],
    [{ result: 'warned', level: 0 }, { result: 'FAILED' }],
    [{ result: 'failed', level: 0 }, { result: 'FAILED' }],
  ])('maps %j to %j', (came, outcome) => {
    expect(verifiedImage({ evidence: index, judgement: { ...passed(), ...came } }).outcome).toEqual(outcome);
  });
});

/** An image of these, judged by one policy, or by none. */
const vouched = (evidence: Evidence, policy: Partial<ProvenancePolicy> | undefined = { mode: 'warn' }): Vouched => {
  const provenance = policy === undefined ? [] : [requiring(policy)];
  return { evidence, judgement: judge(provenance, evidence), policies: { provenance } };
};
const NOT_ASKED = (evidence: Evidence): Vouched => ({
  evidence,
  judgement: judge([], evidence),
  policies: { provenance: [] },
});

const node = (name: string, ...items: readonly EvidenceItem[]): Evidence => ({
  ...evidenceOf(items),
  digest: digest(name),
});
const indexOf = (name: string, items: readonly EvidenceItem[], ...platforms: readonly Evidence[]): Evidence => ({
  ...evidenceOf(items, platforms),
  digest: digest(name),
});
const wrong = (name: string): EvidenceItem => item(name, { sources: ['github.com/eve/app'] });

describe('src/attest/evidence/accepted.ts: platforms', () => {
  const bare = node('bare');
  const proven = node('proven', item('proven'));
  const told = (one: Evidence, ...indexes: readonly Vouched[]): string => {
    const { outcome, inputs } = verifiedBy(one.digest, indexes);
    const says = outcome.result === 'FAILED' ? 'FAILED' : `PASSED ${outcome.level}`;
    return `${says}, ${inputs.length} inputs`;
  };

  it('never gives a platform the level of its index', () => {
    const whole = vouched(indexOf('index', [item('index')], bare, proven));
    expect(verifiedImage(whole).outcome).toEqual({ result: 'PASSED', level: 3 });
    expect(told(bare, whole)).toBe('PASSED unevaluated, 0 inputs');
    expect(told(proven, whole)).toBe('PASSED 3, 1 inputs');
  });

  it('gives each platform its own level if the index passes by the lowest of them', () => {
    const { invocation: _, ...less } = item('less');
    const low = node('low', less);
    const whole = vouched(indexOf('index', [], low, proven));
    expect(verifiedImage(whole).outcome).toEqual({ result: 'PASSED', level: 2 });
    expect([told(low, whole), told(proven, whole)]).toEqual(['PASSED 2, 1 inputs', 'PASSED 3, 1 inputs']);
  });

  it.each<[string, readonly EvidenceItem[]]>([
    ['lacks provenance', []],
    ['has provenance of another source', [wrong('index')]],
  ])('fails a platform without evidence if its index %s', (_, items) => {
    const whole = vouched(indexOf('index', items, bare, proven));
    expect(verifiedImage(whole).outcome).toEqual({ result: 'FAILED' });
    expect([told(bare, whole), told(proven, whole)]).toEqual(['FAILED, 0 inputs', 'PASSED 3, 1 inputs']);
  });

  it('claims nothing for a platform whose own evidence proves nothing', () => {
    const strange = node('strange', item('eve', { signer: { kind: 'key', hint: 'abc' } }));
    const foreign = node('foreign', wrong('foreign'));
    const whole = vouched(indexOf('index', [item('index')], strange, foreign));
    expect([told(strange, whole), told(foreign, whole)]).toEqual(Array(2).fill('PASSED unevaluated, 0 inputs'));
    const failed = vouched(indexOf('index', [], strange, foreign));
    expect([told(strange, failed), told(foreign, failed)]).toEqual(Array(2).fill('FAILED, 0 inputs'));
  });

  it('does not require of a platform the level that only the image must reach', () => {
    const { invocation: _, ...less } = item('less');
    const low = node('low', less);
    const whole = vouched(indexOf('index', [item('index')], low), { level: 2, imageLevel: 3 });
    expect(verifiedImage(whole).outcome).toEqual({ result: 'PASSED', level: 3 });
    expect(told(low, whole)).toBe('PASSED 2, 1 inputs');
  });

  it('requires of a platform everything else that is required of the index', () => {
    const both = { predicateTypes: ['https://spdx.dev/Document'] };
    const listing = node('listing', item('listing'), sbom);
    const whole = vouched(indexOf('index', [item('index'), item('of all', sbom)], listing, proven), both);
    expect(verifiedImage(whole).outcome.result).toBe('PASSED');
    expect([told(listing, whole), told(proven, whole)]).toEqual(['PASSED 3, 2 inputs', 'PASSED unevaluated, 0 inputs']);
  });

  it('treats a nested index and its children as platforms', () => {
    const inner = indexOf('inner', [item('inner')], bare, proven);
    const whole = vouched(indexOf('index', [item('index')], inner));
    expect([told(inner, whole), told(bare, whole), told(proven, whole)]).toEqual([
      'PASSED 3, 1 inputs',
      'PASSED unevaluated, 0 inputs',
      'PASSED 3, 1 inputs',
    ]);
    const unproven = indexOf('inner', [], proven);
    expect(told(unproven, vouched(indexOf('index', [item('index')], unproven)))).toBe('PASSED unevaluated, 0 inputs');
    const failed = vouched(indexOf('index', [wrong('index')], inner));
    expect([told(inner, failed), told(bare, failed)]).toEqual(['PASSED 3, 1 inputs', 'FAILED, 0 inputs']);
  });

  it('returns the worst outcome of the indexes that share a platform, in any order', () => {
    const good = vouched(indexOf('good', [item('good')], bare, proven));
    const bad = vouched(indexOf('bad', [wrong('bad')], bare, proven));
    for (const both of [
      [good, bad],
      [bad, good],
    ])
      expect([told(bare, ...both), told(proven, ...both)]).toEqual(['FAILED, 0 inputs', 'PASSED 3, 1 inputs']);
    const stricter = vouched(indexOf('stricter', [item('stricter')], proven), { sources: ['github.com/acme/other'] });
    expect(told(proven, good, stricter)).toBe('FAILED, 0 inputs');
  });

  it('returns the worst outcome of the sources of an image, in any order', () => {
    const good = vouched(node('image', item('good')));
    const { invocation: _, ...less } = item('less');
    const low = vouched(node('image', less));
    const bad = vouched(node('image', wrong('bad')));
    const image = good.evidence;
    expect([told(image, good, low), told(image, low, good)]).toEqual(Array(2).fill('PASSED 2, 2 inputs'));
    expect([told(image, good, bad), told(image, bad, good)]).toEqual(Array(2).fill('FAILED, 0 inputs'));
  });

  it('fails a platform with tampered evidence, and claims nothing without a policy', () => {
    const tampered = node('tampered', item('tampered'), item('broken', { status: 'failed' }));
    expect(told(tampered, vouched(indexOf('index', [item('index')], tampered)))).toBe('FAILED, 0 inputs');
    const inner = indexOf('inner', [item('inner')], tampered, proven);
    const whole = vouched(indexOf('index', [item('index')], inner));
    expect([told(inner, whole), told(tampered, whole), told(proven, whole)]).toEqual([
      'FAILED, 0 inputs',
      'FAILED, 0 inputs',
      'PASSED 3, 1 inputs',
    ]);
    expect(told(proven, NOT_ASKED(indexOf('index', [item('index')], proven)))).toBe('PASSED unevaluated, 0 inputs');
  });

  it('considers only images with policies for a digest', () => {
    const [one, two] = [vouched(indexOf('one', [], bare)), vouched(indexOf('two', [], indexOf('inner', [], bare)))];
    const silent = NOT_ASKED(indexOf('silent', [], bare));
    expect(askingFor([one], [{ ...one }, two, silent])).toEqual([one, two]);
    expect(askingFor([silent], [two, silent])).toEqual([two]);
    expect(askingFor([silent], [silent])).toEqual([silent]);
    expect(askingFor([silent, { ...one, evidence: silent.evidence }], [two])).toHaveLength(2);
    expect(platformsIn(two.evidence)).toEqual([digest('inner'), bare.digest]);
  });
});

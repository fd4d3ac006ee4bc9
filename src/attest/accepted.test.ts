import { describe, expect, it } from 'vitest';
import { evidenceOf, provenanceItem } from '../../test/support/policies.ts';
import { digestOf, type Digest } from '../image/digest.ts';
import type { Evidence, EvidenceItem, Judgement } from '../policy/provenance.ts';
import { acceptedOf, inputsOf, outcomeOf } from './accepted.ts';

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

const own = item('own');
const sbom = item('sbom', { kind: 'sbom', predicateType: 'https://spdx.dev/Document' });
const below = item('below', { form: 'att', manifest: 'sha256-1.att' });
const other = item('other');
const platform: Evidence = { ...evidenceOf([below]), digest: digest('platform') };
const second: Evidence = { ...evidenceOf([other]), digest: digest('second') };
const index: Evidence = { ...evidenceOf([own, sbom], [platform, second]), digest: digest('index') };

describe('src/attest/accepted.ts', () => {
  it('groups what was accepted by the digest that it is about', () => {
    expect(acceptedOf(index, passed(own, below), false)).toEqual([
      { digest: index.digest, items: [own] },
      { digest: platform.digest, items: [below] },
    ]);
  });

  it('adds SBOMs where they are wanted, but only good ones of signers who are known', () => {
    expect(acceptedOf(index, passed(own), true)).toEqual([{ digest: index.digest, items: [own, sbom] }]);
    expect(acceptedOf(index, passed(own, sbom), false)).toEqual([{ digest: index.digest, items: [own] }]);
    const foreign = evidenceOf([own, { ...sbom, status: 'untrusted' }]);
    expect(acceptedOf(foreign, passed(own), true)[0]?.items).toEqual([own]);
  });

  it.each<Partial<Judgement>>([
    { result: 'warned', mode: 'warn' },
    { result: 'failed' },
    { result: 'off', mode: 'off' },
  ])('carries nothing where the policies came to %j', (came) => {
    expect(acceptedOf(index, { ...passed(own), ...came }, true)).toEqual([]);
  });

  it('names what counts for an image, and for one of its platforms', () => {
    const repository = index.repository;
    const inputs = {
      own: { uri: `${repository}@${own.manifest}`, digest: own.content },
      below: { uri: `${repository}:sha256-1.att`, digest: below.content },
      other: { uri: `${repository}@${other.manifest}`, digest: other.content },
    };
    const judgement = passed(own, below, other);
    expect(inputsOf(index, judgement, index.digest)).toEqual([inputs.own, inputs.below, inputs.other]);
    expect(inputsOf(index, judgement, platform.digest)).toEqual([inputs.own, inputs.below]);
    expect(inputsOf(index, judgement, digest('not known'))).toEqual([inputs.own]);
    expect(inputsOf(index, passed(), index.digest)).toEqual([]);
  });

  it.each<[Partial<Judgement>, ReturnType<typeof outcomeOf>]>([
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
  ])('takes %j for %j', (came, outcome) => {
    expect(outcomeOf({ ...passed(), ...came })).toEqual(outcome);
  });
});

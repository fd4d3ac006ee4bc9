import { describe, expect, it } from 'vitest';
import { evidenceOf, provenanceItem } from '../../../test/support/policies.ts';
import type { EvidenceItem } from '../../policy/provenance.ts';
import { allItems, attestationOf, signatureOf, withKnown } from './state.ts';

const signature = (status: EvidenceItem['status']): EvidenceItem =>
  provenanceItem({ kind: 'signature', form: 'sig', status });
const item = (status: EvidenceItem['status']): EvidenceItem => provenanceItem({ status });

describe('src/attest/evidence/state.ts', () => {
  it.each([
    [[], 'none'],
    [['verified'], 'verified'],
    [['unverifiable', 'untrusted'], 'untrusted'],
    [['unverifiable', 'untrusted', 'verified'], 'verified'],
    [['verified', 'failed'], 'failed'],
    [['unverifiable'], 'unverifiable'],
  ] as const)('reduces %j to the state %s', (statuses, state) => {
    expect(signatureOf(evidenceOf([...statuses.map(signature), item('failed')]))).toBe(state);
    expect(attestationOf(evidenceOf([...statuses.map(item), signature('failed')]))).toBe(state);
  });

  it('marks valid signatures of untrusted signers, also on platforms, and no others', () => {
    const both = [item('verified'), item('failed'), item('unverifiable')];
    const index = evidenceOf(both, [evidenceOf(both)]);
    const isKnown = (): boolean => false;
    expect(allItems(withKnown(index, isKnown)).map(({ status }) => status)).toEqual([
      'untrusted',
      'failed',
      'unverifiable',
      'untrusted',
      'failed',
      'unverifiable',
    ]);
    expect(withKnown(index, () => true)).toEqual(index);
  });

  it('returns each item with its subject digest', () => {
    const platform = evidenceOf([item('verified')]);
    const index = evidenceOf([item('verified')], [platform]);
    expect(allItems(index).map(({ subject }) => subject)).toEqual([index.digest, platform.digest]);
  });
});

import { describe, expect, it } from 'vitest';
import { testContext } from '../../../test/support/promotion/context.ts';
import { candidate, numbered } from '../../../test/support/promotion/promoted.ts';
import { NOT_LOADED } from '../../attest/verifying/without-trust.ts';
import type { EvidenceItem, Violation } from '../../policy/provenance.ts';
import type { ProvenImage } from './proven-images.ts';
import { emitEvidence, emitViolations } from './emit-evidence.ts';

const ITEM: EvidenceItem = {
  kind: 'signature',
  form: 'bundle',
  status: 'unverifiable',
  sources: [],
  manifest: numbered(9),
  content: numbered(8),
  reason: 'no trust root',
};

function proven(index: number, items: readonly EvidenceItem[], violations: readonly Violation[] = []): ProvenImage {
  const { wanted } = candidate(index);
  const result = violations.length > 0 ? 'warned' : 'off';
  return {
    wanted,
    targets: [],
    evidence: { repository: wanted.source, digest: wanted.digest, isIndex: false, items, platforms: [] },
    judgement: { mode: 'warn', result, level: 'unevaluated', accepted: [], violations },
    found: { signature: items.length > 0 ? 'unverifiable' : 'none', attestations: 'none' },
  };
}

describe('src/phases/provenance/emit-evidence.ts', () => {
  it('logs what is attached to each image at debug', () => {
    const { context, log } = testContext();
    emitEvidence(proven(1, []), context);
    emitEvidence(proven(2, [ITEM]), context);
    expect(log).toHaveLength(3);
    expect(log[0]).toBe(`debug No attestations found for a.test/app@${numbered(1)}`);
    expect(log[1]).toMatch(/^debug Attestations found for a\.test\/app@sha256:0+2: signature unverifiable/);
    expect(log[2]).toMatch(/^debug a\.test\/app@sha256:0+2: signature \(bundle .* is unverifiable: no trust root$/);
  });

  it('warns once of unverifiable images, and of 20 violations', () => {
    const { context, log } = testContext();
    const violation: Violation = { code: 'PROVENANCE', message: 'no provenance', hint: 'attach some' };
    const images = Array.from({ length: 25 }, (_, index) => proven(index, index < 2 ? [ITEM] : [], [violation]));
    emitViolations(images, context);
    const warnings = log.filter((line) => line.startsWith('warning '));
    expect(warnings).toHaveLength(22);
    expect(warnings[0]).toMatch(/^warning 2 images have something attached that cannot be verified here/);
    expect(warnings[1]).toBe('warning no provenance; attach some');
    expect(warnings.at(-1)).toBe('warning 5 more warnings of policies; --log-level=debug shows them');
    expect(log.filter((line) => line === 'debug no provenance; attach some')).toHaveLength(5);
  });

  it('logs nothing when everything verifies', () => {
    const { context, log } = testContext();
    emitViolations([proven(1, [])], context);
    // the missing trust root is a warning of its own
    emitViolations([proven(2, [{ ...ITEM, reason: NOT_LOADED }])], context);
    expect(log).toEqual([]);
  });
});

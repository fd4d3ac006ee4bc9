import fc from 'fast-check';
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
import type { Evidence, EvidenceItem, Judgement, ProvenancePolicy } from './provenance.ts';

const KINDS = [
  'signature',
  'provenance',
  'provenance',
  'provenance',
  'sbom',
  'vex',
  'vulnerabilities',
  'other',
] as const;
const SBOM = 'https://spdx.dev/Document';

const signer = fc.oneof(
  fc.constantFrom('ci', 'isolated', 'eve').map((subject) => ({ kind: 'keyless', issuer: ISSUER, subject }) as const),
  fc.constant({ kind: 'key', hint: 'abc' } as const),
);
const item = (statuses: readonly EvidenceItem['status'][]): fc.Arbitrary<EvidenceItem> =>
  fc
    .record({
      kind: fc.constantFrom(...KINDS),
      status: fc.constantFrom(...statuses),
      signer,
      builder: fc.constantFrom(BUILDER, `${BUILDER}@v1`, 'other'),
      sources: fc.subarray([`https://${SOURCE}`, 'https://github.com/eve/app']),
    })
    .map((differing) => provenanceItem({ ...differing, ...(differing.kind === 'sbom' && { predicateType: SBOM }) }));
const GOOD = ['verified', 'untrusted', 'unverifiable'] as const;
const items = fc.array(item(GOOD), { maxLength: 4 });
const single = items.map((all) => evidenceOf(all));
const evidence: fc.Arbitrary<Evidence> = fc.oneof(
  single,
  fc.tuple(items, fc.array(single, { maxLength: 3 })).map(([own, platforms]) => evidenceOf(own, platforms)),
);
const policy: fc.Arbitrary<ProvenancePolicy> = fc
  .record({
    mode: fc.constantFrom('off', 'warn', 'require'),
    signers: fc.constantFrom(['ci'], ['ci', 'isolated']).map((names) => names.map(signerRule)),
    builders: fc.constantFrom([builderRule(BUILDER, 2)], [builderRule(BUILDER, 3, 'ci'), builderRule('other', 1)]),
    predicateTypes: fc.subarray([SBOM]),
    level: fc.constantFrom(0, 2, 3),
  })
  .map(requiring);
const policies = fc.array(policy, { maxLength: 3 });

const RANK = { off: 0, passed: 0, warned: 1, failed: 2 } as const;
const outcome = ({ result, level, mode }: Judgement): unknown => ({ result, level, mode });

describe('src/policy/judge.ts: properties', () => {
  it('holds nothing back without a policy that requires', () => {
    fc.assert(
      fc.property(policies, evidence, (asked, known) => {
        const lenient = asked.filter(({ mode }) => mode !== 'require');
        expect(judge(lenient, known).result).not.toBe('failed');
        expect(judge([], known)).toMatchObject({ result: 'off', level: 'unevaluated', accepted: [], violations: [] });
      }),
    );
  });

  it('fails tampered evidence regardless of other evidence', () => {
    const tampered = item(['failed']);
    fc.assert(
      fc.property(policies, evidence, tampered, fc.boolean(), (asked, known, wrong, isDeep) => {
        const more =
          isDeep && known.isIndex
            ? { ...known, platforms: [...known.platforms, evidenceOf([wrong])] }
            : { ...known, items: [...known.items, wrong] };
        const judgement = judge(asked, more);
        expect([judgement.result, judgement.accepted]).toEqual(['failed', []]);
        expect(judgement.violations.map(({ code }) => code)).toContain('TAMPERED');
      }),
    );
  });

  it('asks each of several policies, and is as strict as the strictest', () => {
    fc.assert(
      fc.property(policies, evidence, (asked, known) => {
        const together = judge(asked, known);
        const apart = asked.map((one) => judge([one], known));
        expect(RANK[together.result]).toBe(Math.max(0, ...apart.map(({ result }) => RANK[result])));
        const levels = apart.flatMap(({ level }) => (level === 'unevaluated' ? [] : [level]));
        expect(together.level).toBe(levels.length === 0 ? 'unevaluated' : Math.min(...levels));
        for (const { accepted, result } of apart)
          if (result !== 'off') expect(together.accepted.every((one) => accepted.includes(one))).toBe(true);
      }),
    );
  });

  it('does not depend on the order of evidence or policies', () => {
    fc.assert(
      fc.property(policies, evidence, (asked, known) => {
        const turned = { ...known, items: known.items.toReversed(), platforms: known.platforms.toReversed() };
        expect(outcome(judge(asked.toReversed(), turned))).toEqual(outcome(judge(asked, known)));
      }),
    );
  });

  it('takes no notice of what strangers, keys and unverifiable signatures attach', () => {
    const strange = item(['verified', 'untrusted']).map((one) => ({
      ...one,
      signer: one.signer?.kind === 'key' ? one.signer : ({ kind: 'keyless', issuer: ISSUER, subject: 'eve' } as const),
    }));
    fc.assert(
      fc.property(policies, evidence, fc.oneof(strange, item(['unverifiable'])), (asked, known, one) => {
        const more = { ...known, items: [...known.items, one] };
        expect(outcome(judge(asked, more))).toEqual(outcome(judge(asked, known)));
        expect(judge(asked, more).accepted).toEqual(judge(asked, known).accepted);
      }),
    );
  });

  it('never lowers an image for one more attestation of it', () => {
    fc.assert(
      fc.property(policies, single, item(GOOD), (asked, known, one) => {
        const [before, after] = [judge(asked, known), judge(asked, { ...known, items: [...known.items, one] })];
        expect(RANK[after.result]).toBeLessThanOrEqual(RANK[before.result]);
        if (before.level !== 'unevaluated') expect(Number(after.level)).toBeGreaterThanOrEqual(before.level);
      }),
    );
  });

  it('takes an index without provenance of its own for the least of its platforms', () => {
    fc.assert(
      fc.property(policies, fc.array(single, { minLength: 1, maxLength: 3 }), (asked, platforms) => {
        const whole = judge(asked, evidenceOf([], platforms));
        const parts = platforms.map((platform) => judge(asked, platform));
        expect(RANK[whole.result]).toBe(Math.max(...parts.map(({ result }) => RANK[result])));
        const levels = parts.flatMap(({ level }) => (level === 'unevaluated' ? [] : [level]));
        expect(whole.level).toBe(levels.length === 0 ? 'unevaluated' : Math.min(...levels));
      }),
    );
  });
});

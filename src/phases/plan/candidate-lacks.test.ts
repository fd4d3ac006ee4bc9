import { describe, expect, it } from 'vitest';
import { candidate } from '../../../test/support/promotion/promoted.ts';
import { requiring } from '../../../test/support/policies.ts';
import { testContext } from '../../../test/support/promotion/context.ts';
import { PREDICATE_TYPE, SIGNED_BY, signedBy, SUMMARY_SAYS } from '../../attest/formats/annotations.ts';
import { PROMOTION_RECORD } from '../../attest/formats/record.ts';
import type { Identity } from '../../attest/roles.ts';
import { SIGNATURE } from '../../attest/formats/statement.ts';
import { summaryMark, VERIFICATION_SUMMARY, type SummaryOutcome } from '../../attest/formats/summary.ts';
import { PromotionError } from '../../errors.ts';
import { NO_POLICIES } from '../../policy/policies.ts';
import type { Referrer } from '../../registry/roles.ts';
import { lacksOf, lacksSomething, signersOf, type Lacks } from './candidate-lacks.ts';

const US: Identity = { kind: 'keyless', issuer: 'https://issuer.test', subject: 'us@issuer.test' };
const SUMMARIES: Identity = { ...US, subject: 'summaries@issuer.test' };
const PASSED: SummaryOutcome = { result: 'PASSED', level: 3 };
const FAILED: SummaryOutcome = { result: 'FAILED' };
const UNEVALUATED: SummaryOutcome = { result: 'PASSED', level: 'unevaluated' };

const referrer = (type: string, by: Identity, more: Readonly<Record<string, string>> = {}): Referrer => ({
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: `sha256:${'1'.repeat(64)}`,
  size: 1,
  annotations: { [PREDICATE_TYPE]: type, [SIGNED_BY]: signedBy(by), ...more },
});
const summary = (outcome: SummaryOutcome, by = SUMMARIES): Referrer =>
  referrer(VERIFICATION_SUMMARY, by, { [SUMMARY_SAYS]: summaryMark(outcome) });

type Given = {
  readonly supersede?: boolean;
  readonly hasPolicy?: boolean;
  readonly summaries?: Identity | undefined;
};

function lacking(there: readonly Referrer[], given: Given = {}): Lacks {
  const { wanted, ...image } = candidate(1);
  const policies = given.hasPolicy === false ? NO_POLICIES : { ...NO_POLICIES, provenance: [requiring()] };
  const signers = { images: US, summaries: 'summaries' in given ? given.summaries : SUMMARIES };
  const summaries = { identity: () => Promise.resolve(SUMMARIES), supersede: given.supersede ?? false };
  const services = { wantsTag: () => false, summaries };
  return lacksOf({ ...image, wanted: { ...wanted, policies } }, [...SIGNED, ...there], signers, services);
}

const SIGNED = [referrer(SIGNATURE, US), referrer(PROMOTION_RECORD, US)];

describe('src/phases/plan/candidate-lacks.ts', () => {
  it.each<[string, readonly Referrer[], Given, boolean | undefined, boolean]>([
    ['one that passed', [summary(PASSED)], {}, false, false],
    ['none', [], {}, true, false],
    ['one of another signer', [summary(PASSED, US)], {}, true, false],
    ['one that does not tell what it says', [referrer(VERIFICATION_SUMMARY, SUMMARIES)], {}, false, false],
    ['one that failed', [summary(FAILED)], {}, false, true],
    ['one that failed, to be superseded', [summary(FAILED)], { supersede: true }, true, false],
    ['one that failed and one that passed', [summary(FAILED), summary(PASSED)], { supersede: true }, false, false],
    ['one that evaluated nothing, where there is a policy by now', [summary(UNEVALUATED)], {}, false, true],
    ['one that evaluated nothing, and still no policy', [summary(UNEVALUATED)], { hasPolicy: false }, false, false],
    ['one that failed, and no policy any longer', [summary(FAILED)], { hasPolicy: false }, false, true],
    ['none, and nobody to sign one', [], { summaries: undefined }, undefined, false],
  ])('finds of summaries %s', (_, there, given, lacks, isStuck) => {
    const found = lacking(there, given);
    expect([found.lacks.summary, found.isStuck]).toEqual([lacks, isStuck]);
    expect(lacksSomething(found.lacks)).toBe(lacks === true);
  });

  it('returns the signers, or why they are unknown', async () => {
    const { context } = testContext();
    const identity = (): Promise<Identity> => Promise.resolve(US);
    expect(await signersOf({ identity }, context)).toEqual({ images: US, summaries: undefined });
    const summaries = { identity: () => Promise.resolve(SUMMARIES), supersede: false };
    expect(await signersOf({ identity, summaries }, context)).toEqual({ images: US, summaries: SUMMARIES });
    expect(await signersOf({ identity: () => Promise.resolve(undefined), summaries }, context)).toBeUndefined();
    const over = new PromotionError('IDENTITY', 'the token is over');
    const failing = { identity: (): Promise<never> => Promise.reject(over), supersede: false };
    expect(await signersOf({ identity, summaries: failing }, context)).toMatchObject({
      code: 'IDENTITY',
      phase: 'plan',
    });
  });
});

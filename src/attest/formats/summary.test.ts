import { describe, expect, it } from 'vitest';
import { digestOf } from '../../image/digest.ts';
import {
  unprovenResult,
  readSummary,
  summaryMark,
  summaryPredicate,
  VERIFIER_ID,
  type SummaryFacts,
  type SummaryOutcome,
} from './summary.ts';

const digest = digestOf(Buffer.from('image'));
const bundle = digestOf(Buffer.from('bundle'));
const hex = (text: string): string => text.replace('sha256:', '');
const commit = 'c'.repeat(40);
const file = (name: string) => ({ name, uri: 'git+https://github.com/acme/images', gitCommit: commit });

const facts = (outcome: SummaryOutcome, given: Partial<SummaryFacts> = {}): SummaryFacts => ({
  reference: 'registry.example/app',
  digest,
  version: 'v1.2.3',
  time: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  policies: [file('manifests/app/promoter-manifest.yaml')],
  inputs: [{ uri: `staging.test/app@${bundle}`, digest: bundle }],
  outcome,
  ...given,
});

describe('src/attest/formats/summary.ts', () => {
  it('states the outcome, the policy and the attestations', () => {
    expect(summaryPredicate(facts({ result: 'PASSED', level: 3 }))).toEqual({
      verifier: { id: 'https://k8s.io/promo-tools/verifier/v1', version: { kpromo: 'v1.2.3' } },
      timeVerified: '2026-01-02T03:04:05Z',
      resourceUri: `registry.example/app@${digest}`,
      policy: {
        uri: 'git+https://github.com/acme/images#manifests/app/promoter-manifest.yaml',
        digest: { gitCommit: commit },
      },
      inputAttestations: [{ uri: `staging.test/app@${bundle}`, digest: { sha256: hex(bundle) } }],
      verificationResult: 'PASSED',
      verifiedLevels: ['SLSA_BUILD_LEVEL_3', 'K8S_PROMOTION_MANIFEST_REVIEWED'],
      slsaVersion: '1.0',
    });
  });

  it('names only the repository if there are several policy files', () => {
    const policies = [file('manifests/a.yaml'), file('manifests/b.yaml')] as const;
    expect(summaryPredicate(facts({ result: 'PASSED', level: 2 }, { policies }))).toMatchObject({
      policy: { uri: 'git+https://github.com/acme/images', digest: { gitCommit: commit } },
    });
  });

  it.each<[SummaryOutcome, readonly string[], ReturnType<typeof unprovenResult>]>([
    [{ result: 'PASSED', level: 0 }, ['SLSA_BUILD_LEVEL_0', 'K8S_PROMOTION_MANIFEST_REVIEWED'], undefined],
    [{ result: 'PASSED', level: 1 }, ['SLSA_BUILD_LEVEL_1', 'K8S_PROMOTION_MANIFEST_REVIEWED'], undefined],
    [
      { result: 'PASSED', level: 'unevaluated' },
      ['SLSA_BUILD_LEVEL_UNEVALUATED', 'K8S_PROMOTION_MANIFEST_REVIEWED'],
      'UNEVALUATED',
    ],
    [{ result: 'FAILED' }, ['FAILED'], 'FAILED'],
  ])('derives from %j the levels %j', (outcome, verifiedLevels, poor) => {
    const predicate = summaryPredicate(facts(outcome));
    expect(predicate).toMatchObject({ verificationResult: outcome.result, verifiedLevels });
    expect(unprovenResult(summaryMark(outcome))).toBe(poor);
    expect(readSummary(predicate, digest)).toEqual({
      time: Date.UTC(2026, 0, 2, 3, 4, 5),
      result: outcome.result,
      levels: verifiedLevels,
      isUnproven: poor !== undefined,
    });
  });

  it.each([
    ['another verifier', { verifier: { id: `${VERIFIER_ID}/x` } }],
    ['another digest', { resourceUri: `registry.example/app@${bundle}` }],
    ['no time', { timeVerified: 'yesterday' }],
    ['nothing that can be read', { verifier: undefined }],
  ])('returns undefined for a summary of %s', (_, changed) => {
    expect(readSummary({ ...summaryPredicate(facts({ result: 'FAILED' })), ...changed }, digest)).toBeUndefined();
    expect(readSummary(undefined, digest)).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { candidate, letThrough } from '../../../test/support/promotion/promoted.ts';
import { PromotionError } from '../../errors.ts';
import type { JudgedFinding, VulnerabilityJudgement } from '../../policy/vulnerabilities/vulnerability-gate.ts';
import { scanFailure } from './failures.ts';

const { wanted } = candidate(1);
const target = { repository: 'b.test/app', action: 'copy', tags: ['v1'], isNew: true } as const;
const [image] = letThrough({
  images: [{ wanted, targets: [target] }],
  failures: [],
  present: 0,
  repositories: [],
}).validation.images;
if (image === undefined) throw new Error('there is no image');

const finding = (index: number, given: Partial<JudgedFinding> = {}): JudgedFinding => ({
  id: `CVE-2026-${index}`,
  aliases: [],
  severity: 4,
  package: 'openssl',
  version: '3.0.1',
  source: 'trivy',
  verdict: 'over',
  ...given,
});
const judgement = (given: Partial<VulnerabilityJudgement> = {}): VulnerabilityJudgement => ({
  state: 'scanned',
  result: 'passed',
  scanner: 'trivy',
  threshold: 4,
  findings: [],
  ...given,
});

describe('src/phases/scan/failures.ts', () => {
  it('returns the place of the image and its references', () => {
    const failure = scanFailure(
      image,
      judgement({ result: 'over', findings: [finding(1, { fixedIn: '3.0.2' })] }),
      false,
    );
    expect(failure).toMatchObject({
      phase: 'validate',
      code: 'VULNERABLE',
      message: '1 vulnerability at or over 4 (high): CVE-2026-1 (high, openssl 3.0.1, fixed in 3.0.2)',
      at: wanted.at,
      image: 'app',
      digest: wanted.digest,
      source: `a.test/app@${wanted.digest}`,
      refs: ['b.test/app:v1'],
    });
  });

  it('names five findings over the threshold, and none below', () => {
    const many = Array.from({ length: 8 }, (_, index) => finding(index, { platform: 'linux/amd64' }));
    const below = finding(9, { verdict: 'below' });
    const failure = scanFailure(image, judgement({ result: 'over', findings: [...many, below] }), false);
    expect(failure?.message).toMatch(
      /^8 vulnerabilities .*CVE-2026-0 \(high, openssl 3\.0\.1, linux\/amd64\).*, and 3 more$/,
    );
    expect(failure?.message).not.toContain('CVE-2026-9');
  });

  it.each([
    [judgement(), false, undefined],
    [judgement({ state: 'not-scanned', result: 'not-scanned', reason: 'unknown' }), false, 'NOT_SCANNED'],
    [judgement({ state: 'not-scanned', result: 'not-scanned' }), true, undefined],
    [judgement({ state: 'not-scanned', result: 'over', findings: [finding(1)] }), true, 'VULNERABLE'],
    [judgement({ state: 'failed', result: 'failed', reason: 'it is missing' }), false, 'SCANNER'],
    [judgement({ state: 'failed', result: 'failed' }), true, 'SCANNER'],
  ])('makes of %j, where what is unscanned may pass: %s, the failure %s', (judged, allowed, code) => {
    expect(scanFailure(image, judged, allowed)?.code).toBe(code);
  });

  it('keeps the code of an error', () => {
    const error = new PromotionError('DENIED', 'reading referrers: 403', { hint: 'grant it' });
    expect(scanFailure(image, error)).toMatchObject({
      code: 'DENIED',
      message: 'reading referrers: 403',
      hint: 'grant it',
    });
  });
});

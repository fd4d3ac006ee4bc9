import { describe, expect, it } from 'vitest';
import { testContext } from '../../../test/support/promotion/context.ts';
import type { JudgedFinding, VulnerabilityJudgement } from '../../policy/vulnerabilities/vulnerability-gate.ts';

const PLACE = { source: 'a.test/app', digest: `sha256:${'a'.repeat(64)}` } as const;

const finding = (id: string, verdict: JudgedFinding['verdict']): JudgedFinding => ({
  id,
  aliases: [],
  severity: 4,
  package: 'openssl',
  version: '3.0.1',
  source: 'trivy',
  verdict,
});

const SCANNED: VulnerabilityJudgement = {
  state: 'scanned',
  result: 'over',
  scanner: 'trivy',
  threshold: 4,
  findings: [finding('CVE-2026-1', 'over'), finding('CVE-2026-2', 'below')],
};

describe('src/watch/log-lines/provenance.ts', () => {
  it('logs the result of each scan, and each finding at debug', () => {
    const { context, log } = testContext();
    const name = `${PLACE.source}@${PLACE.digest}`;
    context.emit({ type: 'image-scanned', ...PLACE, judgement: SCANNED });
    const unscanned = { state: 'not-scanned', scanner: 'google', reason: 'pending', findings: [] } as const;
    context.emit({ type: 'image-scanned', ...PLACE, judgement: { ...SCANNED, ...unscanned } });
    expect(log).toEqual([
      `info Vulnerabilities of ${name}: scanned (trivy), 2 findings, 1 of them at or over 4 (high)`,
      `debug ${name}: over: CVE-2026-1 (high, openssl 3.0.1)`,
      `debug ${name}: below: CVE-2026-2 (high, openssl 3.0.1)`,
      `warning Vulnerabilities of ${name}: not-scanned (google): pending`,
    ]);
  });
});

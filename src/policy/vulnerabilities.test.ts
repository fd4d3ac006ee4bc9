import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeVulnerabilities, thresholdText, type VulnerabilityPolicy } from './vulnerabilities.ts';
import { SEVERITIES, type Finding, type ScanResult, type Severity, type VexStatement } from './vulnerability.ts';

const NOON = Date.UTC(2026, 5, 15, 12);
const AT = { file: 'promoter-policy.yaml', line: 3, column: 5 };

const finding = (given: Partial<Finding> = {}): Finding => ({
  id: 'CVE-2026-1',
  aliases: [],
  severity: 4,
  package: 'openssl',
  version: '3.0.1',
  source: 'trivy',
  ...given,
});
const scanned = (...findings: Finding[]): ScanResult => ({ state: 'scanned', scanner: 'trivy', findings });
const policy = (given: Partial<VulnerabilityPolicy> = {}): VulnerabilityPolicy => ({
  exceptions: [],
  at: AT,
  ...given,
});
const except = (id: string, until?: string): VulnerabilityPolicy['exceptions'][number] => ({
  id,
  reason: 'not reachable',
  at: AT,
  ...(until !== undefined && { until }),
});
const vex = (given: Partial<VexStatement> = {}): VexStatement => ({
  ids: ['CVE-2026-1'],
  status: 'not_affected',
  time: NOON,
  packages: [],
  ...given,
});
const judge = (
  scan: ScanResult,
  given: { policies?: VulnerabilityPolicy[]; threshold?: number; vex?: VexStatement[]; now?: number } = {},
): ReturnType<typeof judgeVulnerabilities> =>
  judgeVulnerabilities(scan, { policies: [], threshold: 4, vex: [], now: NOON, ...given });
const verdicts = (...args: Parameters<typeof judge>): string[] => judge(...args).findings.map(({ verdict }) => verdict);

describe('src/policy/vulnerabilities.ts', () => {
  it('stops an image at a finding of the threshold, fixable or not, and lists every finding, the worst first', () => {
    const low = finding({ id: 'CVE-2026-2', severity: 2 });
    const worst = finding({ id: 'CVE-2026-3', severity: 5, fixedIn: '3.0.2' });
    const judgement = judge(scanned(low, finding(), worst));
    expect(judgement).toMatchObject({ state: 'scanned', result: 'over', threshold: 4 });
    expect(judgement.findings.map(({ id, verdict }) => [id, verdict])).toEqual([
      ['CVE-2026-3', 'over'],
      ['CVE-2026-1', 'over'],
      ['CVE-2026-2', 'below'],
    ]);
  });

  it('passes an image that is scanned and has nothing over the threshold', () => {
    expect(judge(scanned())).toMatchObject({ result: 'passed', findings: [] });
    expect(judge(scanned(finding({ severity: 3 })))).toMatchObject({ result: 'passed' });
  });

  it('stops at every finding with the threshold 0, also at those whose severity is not known', () => {
    expect(judge(scanned(finding({ severity: 0 })), { threshold: 0 })).toMatchObject({ result: 'over' });
    expect(judge(scanned(finding({ severity: 0 })), { threshold: 1 })).toMatchObject({ result: 'passed' });
  });

  it('stops at nothing with the threshold -1, and lists it', () => {
    const judgement = judge(scanned(finding({ severity: 5 })), { policies: [policy({ threshold: -1 })] });
    expect(judgement).toMatchObject({ result: 'passed', threshold: -1, findings: [{ verdict: 'below' }] });
  });

  it.each(['not-scanned', 'failed'] as const)('never takes an image that is %s for clean', (state) => {
    const scan: ScanResult = { state, scanner: 'google', findings: [], reason: 'it is still being scanned' };
    expect(judge(scan, { threshold: -1 })).toMatchObject({ state, result: state, reason: 'it is still being scanned' });
  });

  it('says that an image is over the threshold although a part of it is not scanned', () => {
    expect(judge({ ...scanned(finding()), state: 'not-scanned' })).toMatchObject({ result: 'over' });
  });

  it("takes the project's threshold before the run's", () => {
    expect(verdicts(scanned(finding()), { policies: [policy({ threshold: 5 })] })).toEqual(['below']);
    expect(verdicts(scanned(finding()), { policies: [policy({ threshold: 4 })], threshold: 5 })).toEqual(['over']);
    expect(verdicts(scanned(finding()), { policies: [policy()], threshold: 5 })).toEqual(['below']);
  });

  it('wants every policy to be passed, the one before a change and the one after it', () => {
    const [strict, lax] = [policy({ threshold: 3 }), policy({ threshold: 5 })];
    expect(judge(scanned(finding()), { policies: [lax, strict] })).toMatchObject({ result: 'over', threshold: 3 });
    const allows = policy({ exceptions: [except('CVE-2026-1')] });
    expect(verdicts(scanned(finding()), { policies: [allows, policy()] })).toEqual(['over']);
    expect(verdicts(scanned(finding()), { policies: [allows, allows] })).toEqual(['excepted']);
  });

  it('leaves out what a policy excepts by its name or another name of it, with the reason and its place', () => {
    const policies = [policy({ exceptions: [except('cve-2026-1')] })];
    expect(judge(scanned(finding()), { policies })).toMatchObject({
      result: 'passed',
      findings: [{ verdict: 'excepted', reason: 'not reachable (promoter-policy.yaml:3)' }],
    });
    const advisory = finding({ id: 'GHSA-1', aliases: ['CVE-2026-1'] });
    expect(verdicts(scanned(advisory, finding({ id: 'CVE-2026-10' })), { policies })).toEqual(['over', 'excepted']);
  });

  it('lets an exception end after its last day, in UTC, and says so', () => {
    const policies = [policy({ exceptions: [except('CVE-2026-1', '2026-06-15')] })];
    const midnight = Date.UTC(2026, 5, 16);
    expect(judge(scanned(finding()), { policies, now: midnight - 1 }).findings).toMatchObject([
      { verdict: 'excepted', reason: 'not reachable (promoter-policy.yaml:3 until 2026-06-15)' },
    ]);
    expect(judge(scanned(finding()), { policies, now: midnight })).toMatchObject({
      result: 'over',
      findings: [{ verdict: 'over', reason: 'the exception of promoter-policy.yaml:3 ended with 2026-06-15' }],
    });
  });

  it('takes the exception that lasts longest, and none whose date is no date', () => {
    const ended = except('CVE-2026-1', '2026-01-01');
    const policies = [policy({ exceptions: [ended, except('CVE-2026-1', '2026-12-31'), ended] })];
    expect(verdicts(scanned(finding()), { policies })).toEqual(['excepted']);
    expect(
      verdicts(scanned(finding()), { policies: [policy({ exceptions: [except('CVE-2026-1', '31.12.2026')] })] }),
    ).toEqual(['over']);
  });

  it('leaves out what OpenVEX says does no harm or is fixed, and keeps why', () => {
    const statement = vex({ justification: 'vulnerable_code_not_present', statement: 'no TLS here', author: 'Acme' });
    expect(judge(scanned(finding()), { vex: [statement] })).toMatchObject({
      result: 'passed',
      findings: [{ verdict: 'not-affected', reason: 'vulnerable_code_not_present: no TLS here (OpenVEX of Acme)' }],
    });
    expect(judge(scanned(finding()), { vex: [vex({ status: 'fixed' })] }).findings).toMatchObject([
      { verdict: 'fixed', reason: 'said (OpenVEX)' },
    ]);
  });

  it.each(['affected', 'under_investigation'] as const)('counts what OpenVEX calls %s', (status) => {
    expect(verdicts(scanned(finding()), { vex: [vex({ status })] })).toEqual(['over']);
  });

  it('believes the latest statement', () => {
    const [before, after] = [vex({ time: NOON - 1 }), vex({ status: 'affected', time: NOON })];
    expect(verdicts(scanned(finding()), { vex: [after, before] })).toEqual(['over']);
    expect(verdicts(scanned(finding()), { vex: [vex(), { ...after, time: NOON - 1 }] })).toEqual(['not-affected']);
  });

  it('judges more findings of a higher severity never more kindly', () => {
    const severity = fc.integer({ min: 0, max: 5 }).map((number) => number as Severity);
    const rank = { passed: 0, over: 1, 'not-scanned': 2, failed: 3 };
    fc.assert(
      fc.property(fc.array(severity), severity, fc.integer({ min: -1, max: 5 }), (before, more, threshold) => {
        const some = before.map((level, index) => finding({ id: `CVE-${index}`, severity: level }));
        const all = [...some, finding({ id: 'CVE-more', severity: more })];
        const [first, second] = [judge(scanned(...some), { threshold }), judge(scanned(...all), { threshold })];
        expect(rank[second.result]).toBeGreaterThanOrEqual(rank[first.result]);
        expect(second.findings).toHaveLength(all.length);
        expect(second.result === 'over').toBe(threshold >= 0 && all.some(({ severity: level }) => level >= threshold));
      }),
    );
  });

  it('names thresholds as people do', () => {
    expect([-1, ...SEVERITIES.keys()].map(thresholdText)).toEqual([
      'none',
      '0 (unspecified)',
      '1 (minimal)',
      '2 (low)',
      '3 (medium)',
      '4 (high)',
      '5 (critical)',
    ]);
  });
});

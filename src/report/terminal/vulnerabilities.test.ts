import { describe, expect, it } from 'vitest';
import { candidate, letThrough } from '../../../test/support/promotion/promoted.ts';
import type { ImageReport, VulnerabilityReport } from '../model/report.ts';
import { vulnerabilitiesOf, vulnerabilitySummary, vulnerabilityText } from './vulnerabilities.ts';

const { wanted } = candidate(1);
const image: ImageReport = {
  name: 'app',
  digest: wanted.digest,
  tags: ['v1', 'v2'],
  source: `${wanted.source}@${wanted.digest}`,
  file: 'images.yaml',
  line: 3,
  sourceReads: 0,
  targets: [],
};
const finding = {
  id: 'CVE-2026-1',
  severity: 5,
  package: 'openssl',
  version: '3.0.1',
  fixedIn: '3.0.2',
  source: 'trivy',
  verdict: 'over',
} as const;
const scanned = (...findings: VulnerabilityReport['findings'][number][]) => ({
  state: 'scanned' as const,
  result: 'over' as const,
  scanner: 'trivy 0.66.0',
  threshold: 4,
  findings,
});

describe('src/report/terminal/vulnerabilities.ts', () => {
  it('adds findings to their image, rejected or not', () => {
    const plan = {
      images: [{ wanted, targets: [] }],
      failures: [],
      present: 0,
      repositories: [],
    } as const;
    const { validation } = letThrough(plan);
    const [through] = validation.images;
    if (through === undefined) throw new Error('there is no image');
    const judged = {
      ...scanned(),
      findings: [{ ...finding, severity: 5 as const, aliases: ['GHSA-1'], purl: 'pkg:deb/openssl' }],
    };
    const checked = { ...through, checks: [{ gate: 'vulnerabilities', failures: [], vulnerabilities: judged }] };
    for (const stages of [
      { ...validation, images: [checked] },
      { ...validation, images: [], refused: [checked] },
    ]) {
      const of = vulnerabilitiesOf({ validation: stages });
      expect(of(image)).toEqual({ vulnerabilities: scanned(finding) });
      expect(of({ ...image, file: 'other.yaml' })).toEqual({});
    }
    expect(vulnerabilitiesOf({})(image)).toEqual({});
  });

  it('lists every finding of every image, with its fix or the reason of its exception', () => {
    const others = [
      { ...finding, id: 'CVE-2026-2', severity: 3, verdict: 'below', platform: 'linux/arm64' },
      {
        id: 'CVE-2026-3',
        severity: 4,
        package: 'tar',
        version: '1',
        source: 'trivy',
        verdict: 'excepted',
        reason: 'unused',
      },
    ] as const;
    const unscanned = {
      ...scanned(),
      state: 'not-scanned',
      scanner: 'google',
      reason: 'it is still being scanned',
    } as const;
    expect(vulnerabilityText([image])).toBe('');
    expect(
      vulnerabilityText([
        { ...image, vulnerabilities: scanned(finding, ...others) },
        { ...image, tags: [], vulnerabilities: unscanned },
        { ...image, vulnerabilities: { ...unscanned, state: 'failed', scanner: 'grype', reason: 'it is missing' } },
        { ...image, vulnerabilities: scanned() },
        image,
      ])
        .trimEnd()
        .split('\n'),
    ).toEqual([
      'a.test/app@sha256:000000000000… (v1, v2): 3 findings (trivy 0.66.0)',
      '  over      critical  CVE-2026-1  openssl 3.0.1  fixed in 3.0.2',
      '  below     medium    CVE-2026-2  openssl 3.0.1  fixed in 3.0.2  linux/arm64',
      '  excepted  high      CVE-2026-3  tar 1          no fix                       unused',
      'a.test/app@sha256:000000000000…: NOT SCANNED (google): it is still being scanned',
      'a.test/app@sha256:000000000000… (v1, v2): SCAN FAILED (grype): it is missing',
      'a.test/app@sha256:000000000000… (v1, v2): 0 findings (trivy 0.66.0)',
    ]);
  });

  it('prints the scan results in one line', () => {
    expect(vulnerabilitySummary([image])).toBeUndefined();
    const both = [
      { ...image, vulnerabilities: scanned(finding, { ...finding, verdict: 'below' }) },
      { ...image, vulnerabilities: { ...scanned(), state: 'not-scanned' } },
    ] as const;
    expect(vulnerabilitySummary(both)).toBe(
      '1 image scanned, 1 not scanned, 2 findings, 1 of them at or over the threshold',
    );
    expect(vulnerabilitySummary(both.slice(0, 1))).toBe(
      '1 image scanned, 2 findings, 1 of them at or over the threshold',
    );
  });
});

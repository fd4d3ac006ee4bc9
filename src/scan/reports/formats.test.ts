import { describe, expect, it } from 'vitest';
import {
  grypeJson,
  sarifJson,
  trivyJson,
  type Said,
  type SaidFinding,
} from '../../../test/support/scanners/reports.ts';
import { readReport } from './formats.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;
const openssl: SaidFinding = {
  id: 'CVE-2026-1',
  severity: 'HIGH',
  name: 'openssl',
  version: '3.0.1-1',
  fixedIn: '3.0.2-1',
  score: 7.5,
};
const said = (...found: SaidFinding[]): Said => ({ reference: `registry.example/app@${DIGEST}`, found });
const makers = { trivy: trivyJson, grype: grypeJson, Trivy: sarifJson };

describe('src/scan/reports/formats.ts', () => {
  it.each([
    ['trivy', 'trivy 0.66.0'],
    ['grype', 'grype 0.98.0'],
    ['Trivy', 'Trivy 0.66.0'],
  ] as const)('reads what %s writes', (maker, scanner) => {
    const report = makers[maker](said(openssl, { id: 'CVE-2026-2', severity: 'Low', name: 'tar', version: '1' }));
    expect(readReport(JSON.parse(JSON.stringify(report)))).toEqual({
      scanner,
      digests: [DIGEST],
      findings: [
        {
          id: 'CVE-2026-1',
          aliases: [],
          severity: 4,
          package: 'openssl',
          version: '3.0.1-1',
          fixedIn: '3.0.2-1',
          score: 7.5,
          source: maker,
        },
        { id: 'CVE-2026-2', aliases: [], severity: 2, package: 'tar', version: '1', source: maker },
      ],
    });
  });

  it.each(['trivy', 'grype'] as const)('reads the platform of a report of %s, and package URLs', (maker) => {
    const found = [{ ...openssl, purl: 'pkg:deb/debian/openssl@3.0.1-1', alias: 'DSA-1' }];
    const report = readReport(makers[maker]({ ...said(), found, platform: ['linux', 'arm64'] }));
    expect(report).toMatchObject({
      platform: 'linux/arm64',
      findings: [{ purl: 'pkg:deb/debian/openssl@3.0.1-1', aliases: ['DSA-1'] }],
    });
  });

  it.each(['trivy', 'grype', 'Trivy'] as const)('reads a report of %s without findings', (maker) => {
    expect(readReport(makers[maker](said()))?.findings).toEqual([]);
  });

  it('reads a report of Trivy without packages', () => {
    const report = { SchemaVersion: 2, ArtifactName: `app@${DIGEST}`, Metadata: { OS: null }, Results: null };
    expect(readReport(report)).toEqual({ scanner: 'trivy', digests: [DIGEST], findings: [] });
  });

  it.each([
    ['CRITICAL', 5],
    ['MEDIUM', 3],
    ['UNKNOWN', 0],
    ['Negligible', 1],
  ])('reads the severity %s', (severity, number) => {
    const findings = [trivyJson, grypeJson].map((make) => readReport(make(said({ ...openssl, severity })))?.findings);
    expect(findings).toMatchObject([[{ severity: number }], [{ severity: number }]]);
  });

  it.each([
    [{ level: 'error' }, undefined, 4],
    [{ level: 'note' }, undefined, 2],
    [{ level: 'none' }, undefined, 1],
    [{}, undefined, 3],
    [{ level: 'note' }, { 'security-severity': '9.8' }, 5],
  ])('reads the severity of a SARIF result %j with %j', (result, properties, severity) => {
    const driver = { name: 'grype', rules: [{ id: 'CVE-2026-1-openssl', properties }] };
    const results = [{ ruleId: 'CVE-2026-1-openssl', message: { text: 'A flaw in openssl' }, ...result }];
    const report = readReport({ version: '2.1.0', runs: [{ tool: { driver }, results }] });
    expect(report).toMatchObject({
      digests: [],
      findings: [{ id: 'CVE-2026-1', aliases: ['CVE-2026-1-openssl'], severity, package: 'A flaw in openssl' }],
    });
  });

  it("reads the report within cosign's scan record, with its time", () => {
    const record = {
      invocation: { uri: '' },
      scanner: { uri: 'pkg:github/aquasecurity/trivy@0.66.0', version: '0.66.0', result: trivyJson(said(openssl)) },
      metadata: { scanStartedOn: '2026-06-15T12:00:00Z', scanFinishedOn: '2026-06-15T12:01:00Z' },
    };
    expect(readReport(record)).toMatchObject({
      scanner: 'trivy 0.66.0',
      time: Date.UTC(2026, 5, 15, 12, 1),
      findings: [{ id: 'CVE-2026-1' }],
    });
    expect(readReport({ ...record, metadata: {} })?.time).toBeUndefined();
  });

  it.each([
    ['text', 'CVE-2026-1'],
    ['nothing', null],
    ['an empty object', {}],
    ['a list', []],
    ['an old report of Trivy, which says nothing of the image', [{ Target: 'app', Vulnerabilities: [] }]],
    ['a scan record without a report', { scanner: { uri: '', result: {} } }],
    ['a bill of materials', { bomFormat: 'CycloneDX', specVersion: '1.6', components: [] }],
    ['another program under the form of Grype', { matches: [], descriptor: { name: 'syft' } }],
    ['SARIF of no run', { version: '2.1.0', runs: [] }],
  ])('rejects %s', (_, value) => {
    expect(readReport(value)).toBeUndefined();
  });

  it('removes control characters from untrusted text', () => {
    const odd = { ...openssl, name: 'open\u001B[2Jssl\nsecond', id: 'CVE-1\u202E', version: 'x'.repeat(300) };
    for (const make of Object.values(makers)) {
      const [finding] = readReport(make(said(odd)))?.findings ?? [];
      expect(JSON.stringify(finding)).not.toMatch(/\\u001b|\\n|\u202E/);
      expect(finding?.version.length).toBe(200);
    }
  });
});

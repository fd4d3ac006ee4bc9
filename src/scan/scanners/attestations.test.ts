import { describe, expect, it } from 'vitest';
import { trivyJson } from '../../../test/support/scanners/reports.ts';
import { attestationScanner, attestedVex, SCAN_RECORD, type Attestation } from './attestations.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;
const target = { repository: 'registry.example/app', digest: DIGEST };
const forever = new AbortController().signal;

const record = (id: string, finished?: string): unknown => ({
  scanner: {
    uri: 'pkg:github/aquasecurity/trivy',
    result: trivyJson({ reference: 'app', found: [{ id, severity: 'LOW', name: 'tar', version: '1' }] }),
  },
  metadata: { scanFinishedOn: finished },
});
const attestation = (given: Partial<Attestation> = {}): Attestation => ({
  predicateType: SCAN_RECORD,
  predicate: record('CVE-1', '2026-06-15T12:00:00Z'),
  status: 'verified',
  signer: 'scanner@example.com',
  ...given,
});
const scan = (...all: Attestation[]): Promise<unknown> =>
  attestationScanner(() => Promise.resolve(all)).scan(target, forever);

describe('src/scan/scanners/attestations.ts', () => {
  it('accepts a scan attested by a trusted identity, and reports signer and date', async () => {
    expect(await scan(attestation())).toMatchObject({
      state: 'scanned',
      scanner: 'trivy 0.66.0',
      findings: [{ id: 'CVE-1', severity: 2 }],
      reason: 'scanned 2026-06-15, attested by scanner@example.com',
    });
  });

  it('uses the newest of several scans, whatever their order', async () => {
    const newer = attestation({ predicate: record('CVE-2', '2026-06-16T12:00:00Z') });
    const undated = attestation({ predicate: record('CVE-3') });
    for (const all of [
      [attestation(), newer, undated],
      [undated, newer, attestation()],
    ])
      expect(await scan(...all)).toMatchObject({ findings: [{ id: 'CVE-2' }] });
  });

  it.each(['untrusted', 'failed', 'unverifiable'] as const)('ignores a scan that is %s', async (status) => {
    expect(await scan(attestation({ status }))).toEqual({
      state: 'not-scanned',
      scanner: 'attestation',
      findings: [],
      reason: `the attested scan, signed by scanner@example.com, is ${status}`,
    });
  });

  it('reports not-scanned for a predicate that is not a report, or of another type', async () => {
    expect(await scan(attestation({ predicate: { scanner: { result: 'clean' } } }))).toMatchObject({
      state: 'not-scanned',
      reason: expect.stringContaining('of an unknown format'),
    });
    expect(await scan(attestation({ predicateType: 'https://slsa.dev/provenance/v1' }))).toMatchObject({
      state: 'not-scanned',
      reason: 'staging has no attested scan of it',
    });
    expect(await scan()).toMatchObject({ state: 'not-scanned' });
  });

  it('reads OpenVEX documents of trusted identities only', () => {
    const predicate = {
      '@context': 'https://openvex.dev/ns/v0.2.0',
      statements: [{ vulnerability: 'CVE-1', status: 'not_affected' }],
    };
    const vex = attestation({ predicateType: 'https://openvex.dev/ns/v0.2.0', predicate });
    expect(attestedVex([vex], DIGEST)).toMatchObject([{ ids: ['CVE-1'], status: 'not_affected', packages: [] }]);
    expect(
      attestedVex(
        [
          { ...vex, status: 'untrusted' },
          { ...vex, predicateType: SCAN_RECORD },
        ],
        DIGEST,
      ),
    ).toEqual([]);
    expect(attestedVex([{ ...vex, predicate: {} }], DIGEST)).toEqual([]);
  });
});

import type { ScanResult, VexStatement } from '../../policy/vulnerabilities/vulnerability.ts';
import type { Digest } from '../../image/digest.ts';
import { readReport } from '../reports/formats.ts';
import { readOpenVex } from '../reports/open-vex.ts';
import { plain } from '../reports/types.ts';
import { notScanned, type Scanner, type ScanTarget } from '../scanner.ts';

/** An attestation that is attached to an image in staging. */
export type Attestation = {
  readonly predicateType: string;
  /** Set only if it is verified. */
  readonly predicate?: unknown;
  readonly status: 'verified' | 'untrusted' | 'failed' | 'unverifiable';
  readonly signer?: string | undefined;
  /** Why it is not verified. */
  readonly reason?: string | undefined;
};

/** Returns the attestations of one digest; each digest is read once. */
export type AttestationsOf = (target: ScanTarget, signal: AbortSignal) => Promise<readonly Attestation[]>;

/**
 * Predicate type of a scan attested by cosign
 * (https://github.com/sigstore/cosign/blob/main/specs/COSIGN_VULN_ATTESTATION_SPEC.md).
 */
export const SCAN_RECORD = 'https://cosign.sigstore.dev/attestation/vuln/v1';

/** Prefix of the predicate type of an OpenVEX document. */
const OPEN_VEX = 'https://openvex.dev/ns';

/** Creates a scanner that uses the newest scan attested in staging by a trusted identity. */
export function attestationScanner(attestationsOf: AttestationsOf): Scanner {
  return {
    name: 'attestation',
    onePlatform: false,
    scan: async (target, signal) => {
      const all = await attestationsOf(target, signal);
      const records = all.filter(({ predicateType }) => predicateType === SCAN_RECORD);
      const read = records.flatMap(({ status, predicate, signer }) => {
        const report = status === 'verified' ? readReport(predicate) : undefined;
        return report === undefined ? [] : [{ report, signer }];
      });
      const [newest] = read.toSorted((a, b) => (b.report.time ?? 0) - (a.report.time ?? 0));
      return newest === undefined ? missing(records) : found(newest.report, newest.signer);
    },
  };
}

/** Returns the statements of OpenVEX documents that trusted identities attached to a digest. */
export function attestedVex(attestations: readonly Attestation[], digest: Digest): readonly VexStatement[] {
  return attestations
    .filter(({ predicateType, status }) => predicateType.startsWith(OPEN_VEX) && status === 'verified')
    .flatMap(({ predicate }) => readOpenVex(predicate)?.about(digest, true) ?? []);
}

function found(
  { scanner, findings, platform, time }: NonNullable<ReturnType<typeof readReport>>,
  signer: string | undefined,
): ScanResult {
  const by = signer === undefined ? '' : ` by ${plain(signer)}`;
  const when = time === undefined ? '' : `scanned ${new Date(time).toISOString().slice(0, 10)}, `;
  return {
    state: 'scanned',
    scanner,
    findings,
    reason: `${when}attested${by}`,
    platforms: platform === undefined ? undefined : [platform],
  };
}

function missing(records: readonly Attestation[]): ScanResult {
  const [first] = records;
  if (first === undefined) return notScanned('attestation', 'staging has no attested scan of it');
  const { status, signer = 'an unknown identity', reason } = first;
  const problem = reason === undefined ? status : `${status}: ${plain(reason)}`;
  const why = status === 'verified' ? 'contains a report of an unknown format' : `is ${problem}`;
  return notScanned('attestation', `the attested scan, signed by ${plain(signer)}, ${why}`);
}

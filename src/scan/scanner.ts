import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { ScanResult } from '../policy/vulnerabilities/vulnerability.ts';

/** Names of all scanners. */
export const SCANNER_NAMES = ['report', 'attestation', 'google', 'trivy', 'grype'] as const;

export type ScannerName = (typeof SCANNER_NAMES)[number];

/** The scanners without cost, used by default. */
export const DEFAULT_SCANNERS: readonly ScannerName[] = ['report', 'attestation', 'google'];

/** One manifest of a repository: an image of one platform, or an index. */
export type ScanTarget = { readonly repository: RepositoryName; readonly digest: Digest };

/** Returns the known vulnerabilities of an image. */
export type Scanner = {
  readonly name: string;
  /** True if it scans one platform at a time and cannot scan an index. */
  readonly onePlatform: boolean;
  /**
   * Returns the findings, or `not-scanned` if nothing is known. Throws SCANNER if it failed, errors of registries and
   * services, or the signal's reason.
   */
  scan(target: ScanTarget, signal: AbortSignal): Promise<ScanResult>;
};

/** Returns the result of a scanner that knows nothing about an image. */
export function notScanned(scanner: string, reason: string): ScanResult {
  return { state: 'not-scanned', scanner, findings: [], reason };
}

/** Wraps a scanner so that each manifest is scanned once, whatever the number of images and entries with it. */
export function scannedOnce(scanner: Scanner): Scanner {
  const known = new Map<string, Promise<ScanResult>>();
  return {
    ...scanner,
    scan: (target, signal) => {
      const key = `${target.repository}@${target.digest}`;
      const scanning = known.get(key) ?? scanner.scan(target, signal);
      known.set(key, scanning);
      return scanning;
    },
  };
}

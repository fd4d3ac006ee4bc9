/** Names of all scanners. */
export const SCANNER_NAMES = ['report', 'attestation', 'google', 'trivy', 'grype'] as const;

export type ScannerName = (typeof SCANNER_NAMES)[number];

/** The scanners without cost, used by default. */
export const DEFAULT_SCANNERS: readonly ScannerName[] = ['report', 'attestation', 'google'];

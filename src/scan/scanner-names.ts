/** All scanners, by their names. */
export const SCANNER_NAMES = ['report', 'attestation', 'google', 'trivy', 'grype'] as const;

export type ScannerName = (typeof SCANNER_NAMES)[number];

/** Those that cost nothing and run nothing, asked where the user names none. */
export const DEFAULT_SCANNERS: readonly ScannerName[] = ['report', 'attestation', 'google'];

import type { Fetch } from '../http/fetch.ts';
import { attestationScanner, type AttestationsOf } from './attestations.ts';
import { googleScanner } from './google.ts';
import { grype } from './grype.ts';
import type { ToolServices } from './run-tool.ts';
import { askedOnce, type Scanner } from './scanner.ts';
import { trivy } from './trivy.ts';

export type ScannerServices = ToolServices & {
  /** Our one way out. */
  readonly fetch: Fetch;
  /** An access token of Google's; undefined where there are no credentials. */
  readonly googleToken: (signal: AbortSignal) => Promise<string | undefined>;
  /** The reports that were given. */
  readonly reports: Scanner;
};

type Open = (services: ScannerServices) => Scanner | ((attestationsOf: AttestationsOf) => Scanner);

/** Every scanner by its name; what is attested is another for each image, as projects trust others. */
const SCANNERS = {
  report: ({ reports }) => reports,
  attestation: () => attestationScanner,
  google: ({ fetch, googleToken: token }) => askedOnce(googleScanner({ fetch, token })),
  trivy: (services) => askedOnce(trivy(services)),
  grype: (services) => askedOnce(grype(services)),
} as const satisfies Record<string, Open>;

export type ScannerName = keyof typeof SCANNERS;

/** The names of all scanners. */
export const SCANNER_NAMES = Object.keys(SCANNERS) as readonly ScannerName[];

/** Those that cost nothing and run nothing, asked where the user names none. */
export const DEFAULT_SCANNERS: readonly ScannerName[] = ['report', 'attestation', 'google'];

/** Opens scanners, in the order in which they are asked; gives those for an image by the attestations that it has. */
export function openScanners(
  names: readonly ScannerName[],
  services: ScannerServices,
): (attestationsOf: AttestationsOf) => readonly Scanner[] {
  const opened = names.map((name) => (SCANNERS[name] as Open)(services));
  return (attestationsOf) => opened.map((one) => (typeof one === 'function' ? one(attestationsOf) : one));
}

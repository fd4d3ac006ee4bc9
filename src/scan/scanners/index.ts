import type { Fetch } from '../../http/fetch.ts';
import { attestationScanner, type AttestationsOf } from './attestations.ts';
import { googleScanner } from './google.ts';
import { grype } from './grype.ts';
import type { ToolServices } from './run-tool.ts';
import { scannedOnce, type Scanner, type ScannerName } from '../scanner.ts';
import { trivy } from './trivy.ts';

type ScannerServices = ToolServices & {
  /** Sends requests without credentials of registries. */
  readonly fetch: Fetch;
  /** Returns a Google access token; undefined if there are no credentials. */
  readonly googleToken: (signal: AbortSignal) => Promise<string | undefined>;
  /** The given reports. */
  readonly reports: Scanner;
};

type Open = (services: ScannerServices) => Scanner | ((attestationsOf: AttestationsOf) => Scanner);

/**
 * Constructors of all scanners by name; `attestation` differs for each image, because projects trust different signers.
 */
const SCANNERS: Readonly<Record<ScannerName, Open>> = {
  report: ({ reports }) => reports,
  attestation: () => attestationScanner,
  google: ({ fetch, googleToken: token }) => scannedOnce(googleScanner({ fetch, token })),
  trivy: (services) => scannedOnce(trivy(services)),
  grype: (services) => scannedOnce(grype(services)),
};

/** Opens scanners in the given order; returns a function that selects them for an image by its attestations. */
export function openScanners(
  names: readonly ScannerName[],
  services: ScannerServices,
): (attestationsOf: AttestationsOf) => readonly Scanner[] {
  const opened = names.map((name) => SCANNERS[name](services));
  return (attestationsOf) => opened.map((one) => (typeof one === 'function' ? one(attestationsOf) : one));
}

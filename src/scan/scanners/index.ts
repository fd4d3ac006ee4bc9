import type { Fetch } from '../../http/fetch.ts';
import { attestationScanner, type AttestationsOf } from './attestations.ts';
import { googleScanner } from './google.ts';
import { grype } from './grype.ts';
import type { ToolServices } from './run-tool.ts';
import type { ScannerName } from '../scanner-names.ts';
import { askedOnce, type Scanner } from '../scanner.ts';
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
const SCANNERS: Readonly<Record<ScannerName, Open>> = {
  report: ({ reports }) => reports,
  attestation: () => attestationScanner,
  google: ({ fetch, googleToken: token }) => askedOnce(googleScanner({ fetch, token })),
  trivy: (services) => askedOnce(trivy(services)),
  grype: (services) => askedOnce(grype(services)),
};

/** Opens scanners, in the order in which they are asked; gives those for an image by the attestations that it has. */
export function openScanners(
  names: readonly ScannerName[],
  services: ScannerServices,
): (attestationsOf: AttestationsOf) => readonly Scanner[] {
  const opened = names.map((name) => SCANNERS[name](services));
  return (attestationsOf) => opened.map((one) => (typeof one === 'function' ? one(attestationsOf) : one));
}

import type { ToolServices } from './run-tool.ts';
import type { Scanner } from '../scanner.ts';
import { toolScanner } from './tool.ts';
import { trivyReport } from '../reports/trivy.ts';

/** A setting of the machine could leave findings out, and end the program with an error for those that are there. */
const EVERYTHING = [
  '--format=json',
  '--quiet',
  '--scanners=vuln',
  '--severity=UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL',
  '--ignore-unfixed=false',
  '--exit-code=0',
  '--timeout=15m',
];

/** Scans with the program `trivy`, for every severity and fixable or not, whatever its settings leave out. */
export function trivy(services: ToolServices): Scanner {
  return toolScanner(
    {
      name: 'trivy',
      format: trivyReport,
      settings: 'TRIVY_*',
      args: (reference) => ['image', ...EVERYTHING, reference],
    },
    services,
  );
}

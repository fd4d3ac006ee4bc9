import type { ToolServices } from './run-tool.ts';
import type { Scanner } from '../scanner.ts';
import { toolScanner } from './tool.ts';
import { trivyReport } from '../reports/trivy.ts';

/** Overrides settings of the machine that would omit findings or exit with an error because of them. */
const EVERYTHING = [
  '--format=json',
  '--quiet',
  '--scanners=vuln',
  '--severity=UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL',
  '--ignore-unfixed=false',
  '--exit-code=0',
  '--timeout=15m',
];

/** Creates a scanner that runs `trivy` for every severity, fixable or not, whatever its settings. */
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

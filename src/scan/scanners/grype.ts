import { grypeReport } from '../reports/grype.ts';
import type { ToolServices } from './run-tool.ts';
import type { Scanner } from '../scanner.ts';
import { toolScanner } from './tool.ts';

/** Scans with the program `grype`, which reads the image from its registry, not from a daemon of this machine. */
export function grype(services: ToolServices): Scanner {
  // it would end with an error for findings that we judge ourselves
  const { GRYPE_FAIL_ON_SEVERITY: _severity, ...env } = services.env;
  return toolScanner(
    {
      name: 'grype',
      format: grypeReport,
      settings: 'GRYPE_* SYFT_*',
      args: (reference) => [`registry:${reference}`, '--output', 'json', '--quiet', '--only-fixed=false'],
    },
    { ...services, env },
  );
}

import { grypeReport } from '../reports/grype.ts';
import type { ToolServices } from './run-tool.ts';
import type { Scanner } from '../scanner.ts';
import { toolScanner } from './tool.ts';

/** Creates a scanner that runs `grype`, which reads the image from its registry, not from a local daemon. */
export function grype(services: ToolServices): Scanner {
  // it would exit with an error for findings that we judge ourselves
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

import { isReported, type Reported } from '../output/reporting.ts';
import type { Request } from '../route.ts';

/** Returns true for a command line with --processes. */
export function isDivided(request: Request): request is Reported {
  return isReported(request) && request.options.processes > 1;
}

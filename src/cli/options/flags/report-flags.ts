import type { Flag } from './flag.ts';

/** What a run leaves behind for others. */
export const REPORT_FLAGS = [
  {
    name: 'report',
    type: 'stringArray',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'Write what came of the run to a file, also when it failed or was stopped; may be repeated. The ending decides: .json for programs, .md for a pull request, .html to look at, .xml for JUnit. docs/reports.md explains them.',
  },
] as const satisfies readonly Flag[];

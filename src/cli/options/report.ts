import type { FlagValues } from './flags/parse-flags.ts';
import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';
import type { REPORT_FLAGS } from './flags/report-flags.ts';

/** The endings that a report may have. */
export const REPORT_ENDINGS = ['json', 'md', 'html', 'xml'] as const;

/** A report to write, and as what. */
export type ReportFile = { readonly path: string; readonly format: (typeof REPORT_ENDINGS)[number] };

/** The reports that are asked for, each once; throws USAGE for a file whose ending says nothing. */
export function reportOptions({ report }: FlagValues<typeof REPORT_FLAGS>): {
  readonly reports?: readonly ReportFile[];
} {
  return report.length === 0 ? {} : { reports: [...new Set(report)].map(reportFile) };
}

function reportFile(path: string): ReportFile {
  const format = REPORT_ENDINGS.find((ending) => path.toLowerCase().endsWith(`.${ending}`));
  if (format !== undefined) return { path, format };
  throw usage(
    `--report ${goQuote(path)} has no ending that is known`,
    'end it with .json, .md, .html or .xml, which decides what is written',
  );
}

import { REPORT_FORMATS, type ReportFormat } from '../../report/formats/index.ts';
import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import { orList } from './flags/flag-values.ts';
import type { FlagValues } from './flags/parse-flags.ts';

/** Flags for report files. */
export const REPORT_FLAGS = [
  {
    name: 'report',
    type: 'stringArray',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: `Write the result of the run to a file, also if it failed or was stopped; repeatable. The extension selects the format: ${REPORT_FORMATS.map(({ extension, use }) => `.${extension} ${use}`).join(', ')}. See docs/reports.md.`,
  },
] as const satisfies readonly Flag[];

/** A report file and its format. */
export type ReportFile = { readonly path: string; readonly format: ReportFormat };

/** Reads the flags; throws USAGE for a file with an unknown extension. */
export function reportsOptions({ report }: FlagValues<typeof REPORT_FLAGS>): readonly ReportFile[] {
  return [...new Set(report)].map(reportFile);
}

function reportFile(path: string): ReportFile {
  const format = REPORT_FORMATS.find(({ extension }) => path.toLowerCase().endsWith(`.${extension}`));
  if (format !== undefined) return { path, format };
  throw usage(
    `--report ${goQuote(path)}: unknown format`,
    `use the extension ${orList(REPORT_FORMATS.map(({ extension }) => `.${extension}`))}`,
  );
}

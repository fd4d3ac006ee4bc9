import { isOciAddress, parseOciAddress } from '../../image/asked-ref.ts';
import type { ArtifactTag } from '../../registry/artifact.ts';
import { REPORT_FORMATS, type ReportFormat } from '../../report/formats/index.ts';
import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import { orList } from './flags/flag-values.ts';
import type { FlagValues } from './flags/parse-flags.ts';

/** Flags for reports. */
export const REPORT_FLAGS = [
  {
    name: 'report',
    type: 'stringArray',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: `Write the result of the run to a file, also if it failed or was stopped; repeatable. The extension selects the format: ${REPORT_FORMATS.map(({ extension, use }) => `.${extension} ${use}`).join(', ')}. oci://REGISTRY/REPOSITORY:TAG stores the JSON report as an artifact. See docs/reports.md.`,
  },
] as const satisfies readonly Flag[];

/** A report and its format. */
export type ReportFile = {
  /** The path of the file, or the address of the artifact. */
  readonly path: string;
  readonly format: ReportFormat;
  /** The tag to store it under; undefined for a file. */
  readonly artifact: ArtifactTag | undefined;
};

/** Reads the flags; throws USAGE for a file with an unknown extension, and for an invalid address. */
export function reportsOptions({ report }: FlagValues<typeof REPORT_FLAGS>): readonly ReportFile[] {
  return [...new Set(report)].map((path) => (isOciAddress(path) ? reportArtifact(path) : reportFile(path)));
}

function reportFile(path: string): ReportFile {
  const format = REPORT_FORMATS.find(({ extension }) => path.toLowerCase().endsWith(`.${extension}`));
  if (format !== undefined) return { path, format, artifact: undefined };
  throw usage(
    `--report ${goQuote(path)}: unknown format`,
    `use the extension ${orList(REPORT_FORMATS.map(({ extension }) => `.${extension}`))}`,
  );
}

function reportArtifact(path: string): ReportFile {
  const { repository, tag, digest } = parseOciAddress(path) ?? {};
  if (repository === undefined || tag === undefined || digest !== undefined)
    throw usage(
      `--report ${goQuote(path)}: not the address of a tag`,
      'write oci://REGISTRY/REPOSITORY:TAG; each run, and each shard of it, needs a tag of its own',
    );
  return { path, format: REPORT_FORMATS[0], artifact: { repository, tag } };
}

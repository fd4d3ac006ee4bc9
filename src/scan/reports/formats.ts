import { z } from 'zod';
import { grypeReport } from './grype.ts';
import type { Report, ReportFormat } from './types.ts';
import { sarifReport } from './sarif.ts';
import { trivyReport } from './trivy.ts';

/** All supported report formats. */
const FORMATS: readonly ReportFormat[] = [trivyReport, grypeReport, sarifReport];

// https://github.com/sigstore/cosign/blob/main/specs/COSIGN_VULN_ATTESTATION_SPEC.md
const ScanRecord = z.looseObject({
  scanner: z.looseObject({ uri: z.string().nullish(), version: z.string().nullish(), result: z.unknown() }),
  metadata: z.looseObject({ scanFinishedOn: z.string().nullish(), scanStartedOn: z.string().nullish() }).nullish(),
});

/** A report, with the time of the scan in milliseconds, if stated. */
export type DatedReport = Report & { readonly time?: number | undefined };

/** Parses a report, also inside cosign's scan record; returns undefined for an unknown format. */
export function readReport(value: unknown): DatedReport | undefined {
  for (const format of FORMATS) {
    const report = format(value);
    if (report !== undefined) return report;
  }
  const record = ScanRecord.safeParse(value).data;
  const inner = record && FORMATS.map((format) => format(record.scanner.result)).find((found) => found !== undefined);
  if (record === undefined || inner === undefined) return undefined;
  const { scanFinishedOn, scanStartedOn } = record.metadata ?? {};
  const time = Date.parse(scanFinishedOn || scanStartedOn || '');
  return { ...inner, time: Number.isNaN(time) ? undefined : time };
}

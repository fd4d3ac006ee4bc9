import type { ReportDocument } from '../model/schema.ts';

/** A file format of reports. */
export type ReportFormat = {
  /** The file extension, without the dot. */
  readonly extension: string;
  /** The purpose, as help prints it after the extension. */
  readonly use: string;
  /** Loads the renderer; called when a report is written. */
  readonly load: () => Promise<(document: ReportDocument) => string>;
};

/** All formats, in the order of the help. The first is for programs. */
export const REPORT_FORMATS: readonly [ReportFormat, ...ReportFormat[]] = [
  { extension: 'json', use: 'for programs', load: async () => (await import('./json.ts')).jsonReport },
  { extension: 'md', use: 'for a pull request', load: async () => (await import('./markdown.ts')).markdownReport },
  { extension: 'html', use: 'to look at', load: async () => (await import('./html/report.ts')).htmlReport },
  { extension: 'xml', use: 'for JUnit', load: async () => (await import('./junit.ts')).junitReport },
];

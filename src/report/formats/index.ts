import type { ReportDocument } from '../model/schema.ts';

/** A form that a report can have. */
export type ReportFormat = {
  /** What the name of such a file ends with, without the dot. */
  readonly extension: string;
  /** Who or what it is for, as help goes on after the ending. */
  readonly use: string;
  /** What makes it; loaded when a report is written. */
  readonly load: () => Promise<(document: ReportDocument) => string>;
};

/** Every format, in the order in which help lists them. */
export const REPORT_FORMATS: readonly ReportFormat[] = [
  { extension: 'json', use: 'for programs', load: async () => (await import('./json.ts')).jsonReport },
  { extension: 'md', use: 'for a pull request', load: async () => (await import('./markdown.ts')).markdownReport },
  { extension: 'html', use: 'to look at', load: async () => (await import('./html/report.ts')).htmlReport },
  { extension: 'xml', use: 'for JUnit', load: async () => (await import('./junit.ts')).junitReport },
];

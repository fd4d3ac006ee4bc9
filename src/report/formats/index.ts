import type { ReportDocument } from '../model/schema.ts';
import { htmlReport } from './html/report.ts';
import { junitReport } from './junit.ts';
import { markdownReport } from './markdown.ts';
import { jsonText } from '../../image/json-text.ts';

/** What makes a report, by the ending of its file. */
export const REPORT_FORMATS = {
  json: (document) => `${jsonText(document, 2)}\n`,
  md: markdownReport,
  html: htmlReport,
  xml: junitReport,
} as const satisfies Readonly<Record<string, (document: ReportDocument) => string>>;

import { jsonText } from '../../image/json-text.ts';
import type { ReportDocument } from '../model/schema.ts';

/** The whole document, as schemas/run-report.schema.json says. */
export function jsonReport(document: ReportDocument): string {
  return `${jsonText(document, 2)}\n`;
}

import { jsonText } from '../../image/json-text.ts';
import type { ReportDocument } from '../model/schema.ts';

/** Renders the whole document; its schema is schemas/run-report.schema.json. */
export function jsonReport(document: ReportDocument): string {
  return `${jsonText(document, 2)}\n`;
}

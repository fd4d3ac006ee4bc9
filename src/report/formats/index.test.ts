import { describe, expect, it } from 'vitest';
import { FACTS, reportOf } from '../../../test/support/report-parts.ts';
import { documentOf } from '../build/document.ts';
import { REPORT_FORMATS } from './index.ts';

describe('src/report/formats/index.ts', () => {
  it('has one format per extension', () => {
    const endings = REPORT_FORMATS.map(({ extension }) => extension);
    expect(endings).toEqual([...new Set(endings)]);
  });

  it.each(REPORT_FORMATS)('renders a .$extension report', async ({ load }) => {
    const make = await load();
    expect(make(documentOf({ run: reportOf([], []), facts: FACTS }))).toMatch(/\S\n$/);
  });
});

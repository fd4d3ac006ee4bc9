import { describe, expect, it } from 'vitest';
import { REPORT_FORMATS } from '../../report/formats/index.ts';
import { REPORT_ENDINGS, reportsOptions } from './reports.ts';

describe('src/cli/options/reports.ts', () => {
  it('takes each format by its ending, in any case, each file once', () => {
    expect(reportsOptions({ report: ['a.json', 'b/c.MD', 'a.json', '.html'] })).toEqual([
      { path: 'a.json', format: 'json' },
      { path: 'b/c.MD', format: 'md' },
      { path: '.html', format: 'html' },
    ]);
    expect(reportsOptions({ report: [] })).toEqual([]);
  });

  it('refuses any other ending', () => {
    for (const path of ['', 'json', 'a.txt', 'a.json.gz'])
      expect(() => reportsOptions({ report: [path] }), path).toThrow(/has no ending that is known/);
  });

  it('knows the endings that there are formats for', () => {
    expect(Object.keys(REPORT_FORMATS)).toEqual([...REPORT_ENDINGS]);
  });
});

import { describe, expect, it } from 'vitest';
import { REPORT_FORMATS } from '../../report/formats/index.ts';
import { REPORT_ENDINGS, reportOptions } from './report.ts';

describe('src/cli/options/report.ts', () => {
  it('takes each format by its ending, in any case, each file once', () => {
    expect(reportOptions({ report: ['a.json', 'b/c.MD', 'a.json', '.html'] })).toEqual({
      reports: [
        { path: 'a.json', format: 'json' },
        { path: 'b/c.MD', format: 'md' },
        { path: '.html', format: 'html' },
      ],
    });
    expect(reportOptions({ report: [] })).toEqual({});
  });

  it('refuses any other ending', () => {
    for (const path of ['', 'json', 'a.txt', 'a.json.gz'])
      expect(() => reportOptions({ report: [path] }), path).toThrow(/has no ending that is known/);
  });

  it('knows the endings that there are formats for', () => {
    expect(Object.keys(REPORT_FORMATS)).toEqual([...REPORT_ENDINGS]);
  });
});

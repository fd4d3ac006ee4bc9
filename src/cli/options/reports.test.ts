import { describe, expect, it } from 'vitest';
import { REPORT_FORMATS } from '../../report/formats/index.ts';
import { REPORT_FLAGS, reportsOptions } from './reports.ts';

describe('src/cli/options/reports.ts', () => {
  it('selects the format by extension, whatever its case, and each file once', () => {
    const found = reportsOptions({ report: ['a.json', 'b/c.MD', 'a.json', '.html'] });
    expect(found.map(({ path, format: { extension } }) => [path, extension])).toEqual([
      ['a.json', 'json'],
      ['b/c.MD', 'md'],
      ['.html', 'html'],
    ]);
    expect(reportsOptions({ report: [] })).toEqual([]);
  });

  it('rejects unknown extensions, with a hint that lists the known ones', () => {
    for (const path of ['', 'json', 'a.txt', 'a.json.gz'])
      expect(() => reportsOptions({ report: [path] }), path).toThrow(
        expect.objectContaining({
          message: expect.stringMatching(/: unknown format$/),
          hint: expect.stringMatching(/^use the extension \.json, \.md, .* or \.\w+$/),
        }),
      );
  });

  it('lists each format and its purpose in the help of --report', () => {
    for (const { extension, use } of REPORT_FORMATS) expect(REPORT_FLAGS[0].help).toContain(`.${extension} ${use}`);
  });
});

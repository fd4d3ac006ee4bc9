import { describe, expect, it } from 'vitest';
import { REPORT_FORMATS } from '../../report/formats/index.ts';
import { REPORT_FLAGS, reportsOptions } from './reports.ts';

describe('src/cli/options/reports.ts', () => {
  it('takes each format by its ending, in any case, each file once', () => {
    const found = reportsOptions({ report: ['a.json', 'b/c.MD', 'a.json', '.html'] });
    expect(found.map(({ path, format: { extension } }) => [path, extension])).toEqual([
      ['a.json', 'json'],
      ['b/c.MD', 'md'],
      ['.html', 'html'],
    ]);
    expect(reportsOptions({ report: [] })).toEqual([]);
  });

  it('refuses any other ending, and names those that there are', () => {
    for (const path of ['', 'json', 'a.txt', 'a.json.gz'])
      expect(() => reportsOptions({ report: [path] }), path).toThrow(
        expect.objectContaining({
          message: expect.stringMatching(/has no ending that is known$/),
          hint: expect.stringMatching(/^end it with \.json, \.md, .* or \.\w+, which decides what is written$/),
        }),
      );
  });

  it('says in the help of the flag what each format is for', () => {
    for (const { extension, use } of REPORT_FORMATS) expect(REPORT_FLAGS[0].help).toContain(`.${extension} ${use}`);
  });
});

import fc from 'fast-check';
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { describe, expect, it } from 'vitest';
import {
  REPORTS,
  badReport,
  checkReport,
  goodReport,
  hostileReport,
  hugeReport,
} from '../../../test/support/reports.ts';
import type { ReportDocument } from '../model/schema.ts';
import { junitReport } from './junit.ts';

const golden = (name: string): string => `../../../test/fixtures/reports/${name}.xml`;

/** Parses all elements with a strict parser. */
function elements(report: ReportDocument): readonly SaxesTagPlain[] {
  const found: SaxesTagPlain[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => found.push(tag));
  parser.write(junitReport(report)).close();
  return found;
}

const named = (report: ReportDocument, name: string): Record<string, string>[] =>
  elements(report)
    .filter((tag) => tag.name === name)
    .map(({ attributes }) => attributes);

describe('src/report/formats/junit.ts', () => {
  it.each(REPORTS)('renders a %s run like its golden file', async (name, report) => {
    await expect(junitReport(report())).toMatchFileSnapshot(golden(name));
  });

  it('has correct counts', () => {
    for (const report of [goodReport(), badReport(), checkReport(), hugeReport(200)]) {
      const [suite] = named(report, 'testsuite');
      expect(suite).toMatchObject({
        tests: String(named(report, 'testcase').length),
        failures: String(named(report, 'failure').length),
        skipped: String(named(report, 'skipped').length),
      });
    }
  });

  it('reports an invalid entry once, as a failed test with file and line', () => {
    const cases = named(badReport(), 'testcase');
    expect(cases.filter(({ file, line }) => file === 'images/acme/images.yaml' && line === '7')).toHaveLength(1);
    expect(named(badReport(), 'failure').map(({ type }) => type)).toEqual(['LOST', 'DENIED', 'NETWORK']);
    expect(named(badReport(), 'error')).toEqual([{ type: 'ABORTED', message: 'stopped by SIGTERM' }]);
    expect(cases).toHaveLength(5);
  });

  it('fails an image without a problem, and skips pending images', () => {
    const { images, ...rest } = badReport();
    const pending = goodReport().images.map((image) => ({
      ...image,
      targets: image.targets.map((target) => ({ ...target, pending: true as const })),
      mirrors: (image.mirrors ?? []).map((one) => ({ ...one, state: 'pending' as const })),
    }));
    expect(named({ ...rest, failures: [], images: [...images, ...pending] }, 'failure')).toEqual([
      { type: 'FAILED' },
      { type: 'FAILED' },
    ]);
    expect(named({ ...rest, failures: [], images: pending }, 'skipped')).toHaveLength(2);
  });

  it('reports an image with an unknown mirror once, as an error with its reason', () => {
    const { images, ...rest } = goodReport();
    const [first, second] = images;
    if (first === undefined || second === undefined) throw new Error('the good report has two images');
    const reason = 'the registry answered 401';
    const [one, ...others] = first.mirrors ?? [];
    const unread = { name: one?.name ?? '', state: 'unknown' as const, code: 'UNAUTHORIZED', reason };
    const targets = second.targets.map((each) => ({ ...each, action: 'unknown' as const, code: 'NETWORK', reason }));
    const report = {
      ...rest,
      images: [
        { ...first, mirrors: [unread, ...others] },
        { ...second, targets, mirrors: targets.map(({ mirror: name }) => ({ name, state: 'unknown' as const })) },
      ],
      failures: [
        {
          phase: 'promote',
          code: 'NETWORK',
          message: reason,
          image: second.name,
          digest: second.digest,
          file: second.file,
          cause: 1,
        },
      ],
    };
    expect(named(report, 'error').map(({ type }) => type)).toEqual(['UNAUTHORIZED', 'NETWORK']);
    expect(named(report, 'failure')).toEqual([]);
    expect(named(report, 'testcase')).toHaveLength(2);
    expect(junitReport(report)).toContain(`${unread.name}: ${reason}`);
  });

  it('is well-formed for any text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 3 }), (texts) => {
        expect(elements(hostileReport(texts)).length).toBeGreaterThan(texts.length);
      }),
    );
  });
});

import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { FACTS, image, MIRRORS, reportOf, target, trafficOf } from '../../../test/support/report-parts.ts';
import { REPORTS, goodReport } from '../../../test/support/reports.ts';
import { PromotionError } from '../../errors.ts';
import { ReportDocument, runReportSchema } from '../model/schema.ts';
import { documentOf } from './document.ts';

const PUBLISHED = new URL('../../../schemas/run-report.schema.json', import.meta.url);
const ajv = new Ajv2020({ strict: true, allErrors: true, formats: { 'date-time': true } });
const isValid = ajv.compile(JSON.parse(runReportSchema()) as object);
const [mirror = ''] = MIRRORS;

describe('src/report/build/document.ts', () => {
  it.each(REPORTS)(
    'builds a %s document that matches the published schema without extra keys',
    async (name, report) => {
      expect(readFileSync(PUBLISHED, 'utf8')).toBe(runReportSchema());
      const json: unknown = JSON.parse(JSON.stringify(report()));
      isValid(json);
      expect(isValid.errors).toBe(null);
      expect(() => ReportDocument.parse(json)).not.toThrow();
      await expect(`${JSON.stringify(json, null, 2)}\n`).toMatchFileSnapshot(
        `../../../test/fixtures/reports/${name}.json`,
      );
    },
  );

  it('accepts keys of later versions, and rejects invalid documents', () => {
    expect(isValid({ ...goodReport(), later: 1 })).toBe(true);
    expect(isValid({ ...goodReport(), version: 1 })).toBe(false);
    expect(isValid({ ...goodReport(), outcome: 'fine' })).toBe(false);
  });

  it.each([
    ['done', {}, []],
    ['pending', { pending: 1 }, []],
    ['failed', { pending: 1 }, [{ phase: 'plan', code: 'LOST', message: 'gone' }]],
  ] as const)('gives a run the state %s', (outcome, totals, failures) => {
    const report = reportOf([], failures);
    expect(documentOf({ facts: FACTS, run: { ...report, totals: { ...report.totals, ...totals } } }).outcome).toBe(
      outcome,
    );
  });

  it('counts missing signatures as pending, and prefers the state stopped', () => {
    const report = reportOf([], [{ phase: 'plan', code: 'LOST', message: 'gone' }]);
    const signing = { signed: 0, recorded: 0, complete: 0, left: 1, unsigned: 0 };
    const unsigned = { ...report, failures: [], totals: { ...report.totals, signing } };
    expect(documentOf({ facts: FACTS, run: unsigned }).outcome).toBe('pending');
    expect(documentOf({ facts: { ...FACTS, aborted: 'SIGINT' }, run: report })).toMatchObject({
      outcome: 'stopped',
      aborted: 'SIGINT',
    });
  });

  it('merges the replication of a promotion into its time line', () => {
    const later = {
      ...FACTS,
      started: '2026-01-31T12:00:10.000Z',
      phases: [{ name: 'replicate', start: 5, ms: 9, ended: 'done' }] as const,
    };
    const one = image('app', 1, [target(mirror, 'app', 'v1')]);
    const replication = reportOf([one, one], [], { run: later });
    const document = documentOf({ facts: { ...FACTS, ms: 20_000 }, run: reportOf([one], []), replication });
    expect(document.images.map(({ attached }) => attached)).toEqual([undefined, true, true]);
    expect(document.phases.at(-1)).toMatchObject({ name: 'replicate', start: 10_005 });
    expect(document).toMatchObject({ ms: 20_000, totals: { copied: 1 }, replication: { copied: 2 } });
    expect(document.registries.find(({ host }) => mirror.startsWith(host))).toMatchObject({
      repositories: 12,
      requests: 194,
    });
  });

  it('uses the totals of a replication that ran alone', () => {
    const replication = reportOf([image('app', 1, [target(mirror, 'app', 'v1')])], []);
    const document = documentOf({ facts: FACTS, replication });
    expect(document.totals.copied).toBe(1);
    expect(document.replication).toBeUndefined();
  });

  it('contains the thrown error with its code, or as INTERNAL', () => {
    const error = new PromotionError('CONFIG_INVALID', 'no', { hint: 'mend it' });
    expect(documentOf({ facts: FACTS, error }).failures).toEqual([
      { phase: 'run', code: 'CONFIG_INVALID', message: 'no', hint: 'mend it', cause: 1 },
    ]);
    expect(documentOf({ facts: FACTS, error: new TypeError('x is undefined') }).failures).toEqual([
      { phase: 'run', code: 'INTERNAL', message: 'x is undefined', cause: 1 },
    ]);
  });

  it.each([
    ['a.io/prod/app:v1', 'app', 'a.io/prod'],
    ['a.io:5000/prod/sub/app@sha256:00', 'sub/app', 'a.io:5000/prod'],
    ['a.io:5000/other:v1', 'app', 'a.io:5000'],
  ])('of %s, derives the image %s and the mirror %s', (ref, name, expected) => {
    const { images } = documentOf({
      facts: FACTS,
      run: reportOf([image(name, 1, [{ ...target('x', name, 'v1'), ref }])], []),
    });
    expect(images[0]?.targets[0]?.mirror).toBe(expected);
  });

  it('adds hosts that only have traffic', () => {
    const { registries, traffic } = documentOf({
      facts: FACTS,
      run: reportOf([], []),
      traffic: { ...trafficOf(['rekor.example'], 4), start: Date.parse(FACTS.started) + 30 },
    });
    const sent = traffic?.hosts[0]?.requests.reduce((sum, one) => sum + one, 0);
    expect(registries.at(-1)).toEqual({
      host: 'rekor.example',
      repositories: 0,
      failed: 0,
      unread: 0,
      requests: sent,
      bytes: 0,
    });
    expect(traffic?.start).toBe(30);
  });
});

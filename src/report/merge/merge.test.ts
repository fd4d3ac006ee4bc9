import { describe, expect, it } from 'vitest';
import { REPORTS, badReport, goodReport } from '../../../test/support/reports.ts';
import { FACTS, image, MIRRORS, reportOf, target } from '../../../test/support/report-parts.ts';
import { documentOf } from '../build/document.ts';
import type { ReportDocument } from '../model/schema.ts';
import { mergeReports, WORST_FIRST, type Merged } from './merge.ts';
import type { ShardReport } from './share-problems.ts';

const SHARD = { index: 0, of: 1, commit: 'c0ffee', tree: 'sha256:7ee', version: '1.2.3', flags: ['--confirm=true'] };

/** A document as that of a shard. */
const sharded = (document: ReportDocument, given: Partial<ShardReport['shard']> = {}): ShardReport => ({
  ...document,
  shard: { ...SHARD, ...given },
});

const merged = (documents: readonly ShardReport[]): Merged =>
  mergeReports(documents) ?? expect.unreachable('there is a report');

/** Merged documents of a list of documents, which become shards in this order. */
const mergedOf = (...documents: readonly ReportDocument[]): Merged =>
  merged(documents.map((one, index) => sharded(one, { index, of: documents.length })));

describe('src/report/merge/merge.ts', () => {
  it.each(REPORTS)('returns a single report unchanged: %s', (_name, report) => {
    const { shard: _shard, ...given } = sharded({ ...report(), exitCode: 1 });
    const { document } = mergedOf(given);
    const [images, expected] = [document, given].map((one) => one.images.map(({ source }) => source).toSorted());
    expect(images).toEqual(expected);
    const bare = ({ images: _images, text: _text, failures, ...rest }: ReportDocument): unknown => ({
      ...rest,
      failures: failures.map(({ message }) => message).toSorted(),
    });
    const stopped = given.failures.some(({ code }) => code === 'ABORTED');
    const known = (one: ReportDocument): unknown => (stopped ? { ...(bare(one) as object), failures: [] } : bare(one));
    expect(known(document)).toEqual(known(given));
  });

  it('merges a promotion that replicated, and a replication', () => {
    const run = reportOf([image('app', 1, [target(MIRRORS[0] ?? '', 'app', 'v1')])], []);
    const copies = reportOf([image('app', 2, [target(MIRRORS[1] ?? '', 'app', 'sha256-x.sig')])], []);
    const both = documentOf({
      facts: FACTS,
      exitCode: 0,
      run,
      replication: { ...copies, run: { ...FACTS, phases: [] } },
    });
    expect(mergedOf(both).document).toMatchObject({
      totals: both.totals,
      replication: both.replication,
      text: both.text,
    });
    const mode = { ...FACTS, mode: 'dry-run' } as const;
    const alone = documentOf({ facts: mode, exitCode: 0, replication: { ...copies, run: mode } });
    const { document } = mergedOf(alone);
    expect(document).toEqual({ ...alone, started: document.started });
    expect(document.attached).toBe(true);
  });

  it('spans the time of all shards, and joins a stop into one problem', () => {
    const first = { ...goodReport(), exitCode: 0 };
    const later = new Date(Date.parse(first.started) + 60_000).toISOString();
    const stopped = documentOf({
      facts: { ...FACTS, started: later },
      exitCode: 143,
      run: reportOf([image('late', 9, [target(MIRRORS[0] ?? '', 'late', 'v1', { pending: true })])], [], {
        run: { ...FACTS, started: later, aborted: 'stopped by SIGTERM' },
      }),
    });
    const { document } = mergedOf(first, stopped, stopped);
    expect(document).toMatchObject({ started: first.started, ms: 60_000 + FACTS.ms, outcome: 'stopped', exitCode: 1 });
    expect(document.phases[0]).toMatchObject({ name: 'setup', start: 0, ms: 60_300 });
    expect(document.failures.filter(({ code }) => code === 'ABORTED')).toMatchObject([
      { message: 'stopped by SIGTERM: 2 images not done' },
    ]);
  });

  it('names missing shards, and counts what the others did', () => {
    const one = { ...goodReport(), exitCode: 0 };
    const { document, problems } = merged([3, 0, 7].map((index) => sharded({ ...one, images: [] }, { index, of: 8 })));
    expect(problems.map(({ message }) => message)).toEqual(
      [1, 2, 4, 5, 6].map((index) => `shard ${index} of 8 has no report`),
    );
    expect(document).toMatchObject({ outcome: 'failed', exitCode: 1, totals: { requests: 3 * one.totals.requests } });
    expect(document.failures.map(({ code }) => code)).toContain('SHARD_MISSING');
  });

  it.each([
    ['commit', { commit: 'bad' }, /the report of shard 2 of 3 has the commit bad, not c0ffee/],
    ['tree', { tree: 'other' }, /the tree other/],
    ['version', { version: '9' }, /the version 9, not 1\.2\.3/],
    ['flags', { flags: [] }, /the flags \(none\), not --confirm=true/],
    ['number', { of: 4 }, /shard 2 of 4 has the number of shards 4, not 3/],
  ] as const)('leaves out a report with another %s', (_name, given, message) => {
    const report = { ...goodReport(), images: [], exitCode: 0 };
    const shards = [0, 1, 2].map((index) => sharded(report, { index, of: 3, ...(index === 2 && given) }));
    const { document, problems } = merged(shards);
    expect(problems).toMatchObject([{ code: 'SHARD_MISMATCH', message: expect.stringMatching(message) }]);
    expect(document).toMatchObject({ exitCode: 1, totals: { requests: 2 * report.totals.requests } });
  });

  it('accepts a shard that failed before it read the tree', () => {
    const failed = documentOf({ facts: FACTS, exitCode: 75, error: new Error('no network') });
    const shards = [
      sharded(failed, { index: 0, of: 2, tree: undefined, commit: undefined }),
      sharded(goodReport(), { index: 1, of: 2 }),
    ];
    const { document, problems } = merged(shards);
    expect(problems).toEqual([]);
    expect(document.failures).toMatchObject([{ message: 'no network' }]);
  });

  it('reports a shard with two reports, and an image that two shards report', () => {
    const twice = merged([0, 0].map((index) => sharded({ ...goodReport(), exitCode: 0 }, { index, of: 1 })));
    expect(twice.problems).toMatchObject([
      { code: 'SHARD_OVERLAP', message: 'shard 0 of 1 has two reports; only the first counts' },
    ]);
    const both = mergedOf({ ...goodReport(), exitCode: 0 }, { ...goodReport(), exitCode: 0 });
    expect(both.problems).toMatchObject([
      { message: expect.stringMatching(/^shards 0 and 1 both report gcr\.io.*controller@sha256/) },
    ]);
    expect(both.document.exitCode).toBe(1);
  });

  it('returns the worst exit code', () => {
    const good = { ...goodReport(), images: [] };
    for (const [at, code] of WORST_FIRST.entries())
      for (const other of WORST_FIRST.slice(at)) {
        const broken = documentOf({ facts: FACTS, exitCode: other, error: new Error('x') });
        const second = other === 0 || other === 2 ? { ...good, exitCode: other } : broken;
        expect(mergedOf({ ...good, exitCode: code }, second).document.exitCode).toBe(code);
      }
    expect(mergedOf({ ...badReport(), exitCode: 0 }).document.exitCode).toBe(1);
    expect(mergedOf({ ...good, exitCode: 77 }).document.exitCode).toBe(1);
    expect(mergeReports([])).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { digestOf, FACTS, MIRRORS, reportOf } from '../../../test/support/report-parts.ts';
import { documentOf, type Recorded } from '../build/document.ts';
import type { AuditReport } from '../model/audit.ts';
import type { ReportDocument } from '../model/schema.ts';
import { mergeReports } from './merge.ts';

const SHARD = { commit: 'c0ffee', tree: 'sha256:7ee', version: '1.2.3', flags: [] };

const mergedOf = (...shares: readonly Omit<Recorded, 'facts'>[]) => {
  const documents = shares.map((share, index) => ({
    ...documentOf({ facts: FACTS, exitCode: 0, ...share }),
    shard: { ...SHARD, index, of: shares.length },
  }));
  return mergeReports(documents) ?? expect.unreachable('there is a report');
};

const inventory = (given: Partial<NonNullable<ReportDocument['inventory']>>): Omit<Recorded, 'facts'> => ({
  run: {
    ...reportOf([], []),
    inventory: { believed: 10, since: undefined, checked: 2, changed: 1, wrong: [], ...given },
  },
});

const finding = (tags: readonly string[], mirror = 0): AuditReport['findings'][number] => ({
  code: 'EXTRA',
  reference: 'prod.test/app',
  digest: digestOf(1),
  tags: [...tags],
  message: 'it differs',
  hint: 'look at it',
  places: [{ ref: `${MIRRORS[mirror]}/app` }],
});

type Audited = Partial<Pick<AuditReport, 'findings' | 'notes' | 'baseline'>>;

const audit = ({ findings = [], notes = [], baseline }: Audited): Omit<Recorded, 'facts'> => ({
  audit: {
    run: { ...FACTS, mode: 'audit', phases: [] },
    failures: [],
    images: 1,
    repositories: 1,
    findings,
    notes,
    baseline,
    totals: { images: 1, repositories: 1, pending: findings.length, known: 0, requests: 1, bytes: 1 },
  },
});

const auditOf = (...shares: readonly Audited[]) => {
  const { document, problems } = mergedOf(...shares.map(audit));
  return { ...document.audit, pending: document.totals.pending, problems };
};

describe('src/report/merge/findings.ts', () => {
  it('sums the use of inventory caches, with the earliest reading and all wrong repositories', () => {
    const { document } = mergedOf(
      inventory({ since: '2026-01-31T10:00:00.000Z', wrong: ['b.test/x', 'a.test/x'] }),
      inventory({ since: '2026-01-31T10:00:00Z', believed: 5 }),
      inventory({ since: '2026-01-31T09:00:00.500Z', wrong: ['a.test/x'] }),
      inventory({ believed: 0, checked: 0, changed: 0 }),
    );
    const wrong = ['a.test/x', 'b.test/x'];
    const expected = { believed: 25, since: '2026-01-31T09:00:00.500Z', checked: 6, changed: 3, wrong };
    expect(document.inventory).toEqual(expected);
    expect(mergedOf({ run: reportOf([], []) }).document.inventory).toBeUndefined();
  });

  it('adds up the counts of notes that are otherwise equal', () => {
    const untagged = (number: string): string => `${number} without a tag not compared: (--untagged reads them)`;
    const older = (number: string, day = '2024-01-05'): string =>
      `promotion records are not expected of ${number} uploaded before ${day} (--attestations-since)`;
    const { notes } = auditOf(
      { notes: ['r2.test lists tags only', untagged('1,200 manifests'), older('1 image')] },
      { notes: ['r2.test lists tags only', 'r3.test lists tags only', untagged('1 manifest')] },
      { notes: [older('1 image'), older('2 images', '2025-01-05')] },
    );
    expect(notes).toEqual([
      'r2.test lists tags only',
      untagged('1,201 manifests'),
      older('2 images'),
      'r3.test lists tags only',
      older('2 images', '2025-01-05'),
    ]);
  });

  it('reports only those entries of a baseline as unused that no shard used', () => {
    const entry = (reference: string, why: 'unused' | 'expired') => ({
      why,
      code: 'EXTRA',
      reference,
      until: '2027-01-01',
      file: 'b.yaml',
      line: 1,
    });
    const { baseline } = auditOf(
      { baseline: [entry('a', 'unused'), entry('b', 'unused')] },
      { baseline: [entry('b', 'unused'), entry('c', 'expired')] },
    );
    expect(baseline?.map(({ reference }) => reference).toSorted()).toEqual(['b', 'c']);
  });

  it('unites equal findings of shards, and reports those of one image with other tags as an overlap', () => {
    const equal = auditOf({ findings: [finding(['v1', 'v2'])] }, { findings: [finding(['v2', 'v1'], 1)] });
    expect(equal).toMatchObject({ pending: 1, problems: [] });
    expect(equal.findings).toEqual([
      { ...finding(['v1', 'v2']), places: [0, 1].map((mirror) => ({ ref: `${MIRRORS[mirror]}/app` })) },
    ]);
    const other = auditOf({ findings: [finding(['v1'])] }, { findings: [finding(['v3'])] });
    expect(other).toMatchObject({ pending: 2, problems: [{ code: 'SHARD_OVERLAP' }] });
  });
});

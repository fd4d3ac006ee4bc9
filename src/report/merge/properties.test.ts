import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkReport } from '../../../test/support/reports.ts';
import { digestOf, FACTS, image, MIRRORS, reportOf, target, trafficOf } from '../../../test/support/report-parts.ts';
import type { Failure } from '../../errors.ts';
import { documentOf, type Recorded } from '../build/document.ts';
import type { AuditReport } from '../model/audit.ts';
import type { RunReport } from '../model/report.ts';
import { ReportDocument } from '../model/schema.ts';
import type { SigcheckReport } from '../model/sigcheck.ts';
import { mergeReports } from './merge.ts';
import type { ShardReport } from './share-problems.ts';

/** The facts that all shards have in common. */
const RUN = { flags: ['--confirm=true'], tree: 'sha256:7ee' };

const AUDIT: AuditReport = {
  run: { ...FACTS, mode: 'audit', phases: [] },
  images: 40,
  repositories: 20,
  findings: [1, 2, 3, 4, 5, 6].map((seed) => ({
    code: seed < 4 ? 'MISSING' : 'EXTRA',
    reference: `prod.test/app-${seed}`,
    digest: digestOf(seed),
    tags: [],
    message: 'it differs',
    hint: 'look at it',
    places: [{ ref: `${MIRRORS[0]}/app-${seed}` }],
    ...(seed === 2 && { known: { reason: 'we know', until: '2026-12-31' } }),
  })),
  notes: ['repositories of b.test'],
  baseline: [
    { why: 'expired', code: 'EXTRA', reference: 'a', until: '2026-01-01', file: 'b.yaml', line: 2 },
    { why: 'unused', code: 'EXTRA', reference: 'b', until: '2027-01-01', file: 'b.yaml', line: 7 },
  ],
  failures: [{ phase: 'audit', code: 'NETWORK', message: 'GET https://b.test/v2/: gone' }],
  totals: { images: 40, repositories: 20, pending: 5, known: 1, requests: 500, bytes: 9_000 },
};

/** Returns the parts of a whole number, one for each shard; their sum is the number. */
const parts = (whole: number, cuts: readonly number[]): number[] => {
  const marks = [0, ...cuts.map((cut) => Math.floor(cut * whole)).toSorted((a, b) => a - b), whole];
  return marks.slice(1).map((mark, index) => mark - (marks[index] ?? 0));
};

const divided = <T extends object>(record: T, cuts: readonly number[]): T[] =>
  cuts.concat(1).map((_, shard) => {
    const shares = Object.entries(record).map(([key, value]) => [
      key,
      typeof value === 'number' ? parts(value, cuts)[shard] : value,
    ]);
    return Object.fromEntries(shares) as T;
  });

type Splitting = { readonly cuts: readonly number[]; shardOf(subject: string | undefined): number | undefined };

/** Whether a problem belongs to a shard: one that names no image is in the report of each. */
const isIn = (shard: number, splitting: Splitting, subject: string | undefined): boolean =>
  [undefined, shard].includes(splitting.shardOf(subject));

/** Divides a run into shards: its images, its counts, and the problems that name an image. */
function split(recorded: Recorded, splitting: Splitting): ShardReport[] {
  const { cuts } = splitting;
  const { run, check, audit, traffic } = recorded;
  const share = (list: readonly (number | null)[], index: number): number[] =>
    list.map((value) => parts(value ?? 0, cuts)[index] ?? 0);
  return cuts.concat(1).map((_, index) => {
    const isMine = (subject: string | undefined): boolean => isIn(index, splitting, subject);
    const mine = (failures: readonly Failure[]): Failure[] => failures.filter(({ digest }) => isMine(digest));
    const given: Recorded = {
      ...recorded,
      facts: { ...recorded.facts, shard: { index, of: cuts.length + 1 } },
      ...RUN,
      ...(run && { run: shareOfRun(run, index, splitting, mine) }),
      ...(check && { check: shareOfCheck(check, index, splitting, mine) }),
      ...(audit && { audit: shareOfAudit(audit, index, splitting, mine) }),
      ...(traffic && {
        traffic: {
          ...traffic,
          hosts: traffic.hosts.map(({ host, requests, refused, unanswered, limit }) => ({
            host,
            requests: share(requests, index),
            refused: share(refused, index),
            unanswered: share(unanswered, index),
            limit: share(limit, index),
          })),
        },
      }),
    };
    return documentOf(given) as ShardReport;
  });
}

type Mine = (failures: readonly Failure[]) => Failure[];

function shareOfRun(run: RunReport, shard: number, { cuts, shardOf }: Splitting, mine: Mine): RunReport {
  const images = run.images.filter(({ digest }) => shardOf(digest) === shard);
  const own = reportOf(images, []).totals;
  const rest = divided(run.totals, cuts)[shard] ?? run.totals;
  const { images: all, repositories, present, requests, bytes } = rest;
  return {
    ...run,
    images,
    failures: mine(run.failures),
    registries: run.registries.map((registry) => divided(registry, cuts)[shard] ?? registry),
    totals: { ...own, images: all, repositories, present, requests, bytes, signing: own.signing },
  };
}

function shareOfCheck(check: SigcheckReport, shard: number, { cuts, shardOf }: Splitting, mine: Mine): SigcheckReport {
  const { totals } = check;
  const share = divided(totals, cuts)[shard] ?? totals;
  const signatures = divided(totals.signatures, cuts)[shard] ?? totals.signatures;
  const records = divided(totals.records, cuts)[shard] ?? totals.records;
  const rows = check.rows.filter(({ digest }) => shardOf(digest) === shard);
  return { ...check, rows, failures: mine(check.failures), totals: { ...share, signatures, records } };
}

function shareOfAudit(audit: AuditReport, shard: number, { cuts, shardOf }: Splitting, mine: Mine): AuditReport {
  const { images, repositories, requests, bytes } = divided(audit.totals, cuts)[shard] ?? audit.totals;
  const findings = audit.findings.filter(({ digest }) => shardOf(digest) === shard);
  const known = findings.filter((finding) => finding.known !== undefined).length;
  const totals = { images, repositories, pending: findings.length - known, known, requests, bytes };
  const foreign = {
    why: 'unused',
    code: 'EXTRA',
    reference: `of-${shard}`,
    until: '',
    file: 'b.yaml',
    line: 9,
  } as const;
  // each shard reports the entries of the baseline that are about other shards
  const baseline = [...(audit.baseline ?? []), ...(cuts.length > 0 ? [foreign] : [])];
  return { ...audit, findings, failures: mine(audit.failures), images, repositories, totals, baseline };
}

const splittings = fc
  .record({
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 0, maxLength: 6 }),
    places: fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
  })
  .map(({ cuts, places }): Splitting => ({
    cuts,
    shardOf: (subject) => {
      const seed = Array.from({ length: 12 }, (_, index) => digestOf(index)).indexOf(subject ?? '');
      return seed < 0 ? undefined : (places[seed] ?? 0) % (cuts.length + 1);
    },
  }));

const ACTIONS = fc.constantFrom('copy', 'tag', 'pending', 'unknown', 'failed');

const runs = fc.array(fc.array(ACTIONS, { minLength: 3, maxLength: 3 }), { maxLength: 12 }).map((rows): Recorded => {
  const images = rows.map((actions, seed) =>
    image(
      `app-${seed}`,
      seed,
      actions.map((action, place) => {
        const given = action === 'pending' ? ({ action: 'copy', pending: true } as const) : { action, code: 'NETWORK' };
        return target(MIRRORS[place] ?? '', `app-${seed}`, 'v1', given);
      }),
    ),
  );
  const failures: Failure[] = [
    { phase: 'setup', code: 'MANIFEST_INVALID', message: 'a file', at: { file: 'a.yaml', line: 1, column: 1 } },
    ...images.map(({ name, digest, line }): Failure => ({
      phase: 'promote',
      code: 'DENIED',
      message: name,
      at: { file: 'images/acme/images.yaml', line, column: 5 },
      image: name,
      digest,
    })),
  ];
  const run = reportOf(images, failures, { warnings: [{ phase: 'setup', code: 'NO_EFFECT', message: 'unused' }] });
  return { facts: FACTS, run, traffic: trafficOf(['a.test', 'b.test'], 12) };
});

const checks = fc.constant(0).map((): Recorded => {
  const { check, failures } = checkReport();
  const rows = [0, 1, 2, 3, 4].flatMap((seed) =>
    (check?.findings ?? []).map((row) => ({ ...row, reference: `r.test/app-${seed}`, digest: digestOf(seed) })),
  ) as SigcheckReport['rows'];
  const statuses = { verified: 30, untrusted: 1, failed: 0, unverifiable: 7, unsigned: 2 };
  const counts = { digests: 5, beyond: 3, signatures: statuses, records: statuses, signed: 4, recorded: 5, copied: 6 };
  const wrong = failures.map(({ cause: _cause, ...one }) => one as unknown as Failure);
  const totals = { ...counts, pending: 0, requests: 77, bytes: 1234 } as const;
  return { facts: FACTS, check: { run: { ...FACTS, mode: 'repair', phases: [] }, rows, failures: wrong, totals } };
});

const audits = fc.constant<Recorded>({ facts: FACTS, audit: AUDIT });

describe('src/report/merge, of any division', () => {
  it.each([
    ['a promotion', runs, 60],
    ['a check', checks, 20],
    ['an audit', audits, 20],
  ] as const)('returns the report of %s from any division into shards', (_name, originals, numRuns) => {
    fc.assert(
      fc.property(originals, splittings, (original, splitting) => {
        const shards = split(original, splitting);
        const { document, problems } = mergeReports(shards.toReversed()) ?? expect.unreachable('there is a report');
        expect(problems).toEqual([]);
        const whole = documentOf({ ...original, exitCode: 1 });
        expect(ReportDocument.parse(document)).toEqual(ReportDocument.parse(whole));
      }),
      { seed: 1616, numRuns },
    );
  });
});

import { failureOf, type ErrorCode, type Failure } from '../../errors.ts';
import { largest } from '../../lists.ts';
import { few } from '../../text/layout.ts';
import type { ReportDocument } from '../model/schema.ts';
import { findingKey } from './findings.ts';

/** The report of a shard. */
export type ShardReport = ReportDocument & { readonly shard: NonNullable<ReportDocument['shard']> };

/** Reports that are parts of one run, in the order of their shards, and the problems of the others. */
export type Shares = { readonly reports: readonly ShardReport[]; readonly problems: readonly Failure[] };

/** Returns true for the report of a shard. */
export function isShardReport(document: ReportDocument): document is ShardReport {
  return document.shard !== undefined;
}

/**
 * Returns the report that decides which run is merged: the one that started last, since the others may be left over from
 * an earlier run. A report that failed before it read its tree decides only if there is no other.
 */
function modelOf(sorted: readonly ShardReport[]): ShardReport | undefined {
  const conclusive = sorted.filter(isConclusive);
  const candidates = conclusive.length > 0 ? conclusive : sorted;
  const latest = largest(candidates.map(({ started }) => Date.parse(started)));
  return candidates.find(({ started }) => Date.parse(started) === latest);
}

/** Returns the reports of the latest run, without those that are left over from others. */
export function ofLatestRun(documents: readonly ShardReport[]): readonly ShardReport[] {
  const model = modelOf(documents);
  return model === undefined ? [] : documents.filter((one) => differenceOf(one, model) === undefined);
}

/** Selects the reports of the latest run. Reports missing shards, other runs, and images that two shards report. */
export function sharesOf(documents: readonly ShardReport[]): Shares {
  const sorted = documents.toSorted((a, b) => a.shard.index - b.shard.index);
  const reference = modelOf(sorted);
  if (reference === undefined) return { reports: [], problems: [] };
  const reports = new Map<number, ShardReport>();
  const problems: Failure[] = [];
  for (const report of sorted) {
    const { index } = report.shard;
    const difference = differenceOf(report, reference);
    if (difference !== undefined) problems.push(mismatch(report, difference));
    else if (reports.has(index)) problems.push(twice(report));
    else reports.set(index, report);
  }
  const { of } = reference.shard;
  const seen = new Set(sorted.map(({ shard }) => shard.index));
  const missing = Array.from({ length: of }, (_, index) => index).filter((index) => !seen.has(index));
  return {
    reports: [...reports.values()],
    problems: [...missing.map((index) => missingShard(index, of)), ...problems, ...overlaps([...reports.values()])],
  };
}

function missingShard(index: number, of: number): Failure {
  return problem(
    'SHARD_MISSING',
    `shard ${index} of ${of} has no report`,
    `run it again with --shard ${index}/${of}, then merge again`,
  );
}

/** A run that failed or was stopped early may not have read its tree. */
function isConclusive(report: ShardReport): boolean {
  return report.shard.tree !== undefined || !isBroken(report);
}

function isBroken({ outcome }: ShardReport): boolean {
  return outcome === 'failed' || outcome === 'stopped';
}

/** The facts that all shards of a run have in common, with the words for each. */
const FACTS: readonly (readonly [name: string, of: (report: ShardReport) => string | undefined])[] = [
  ['number of shards', ({ shard }) => String(shard.of)],
  ['commit', ({ shard }) => shard.commit],
  ['tree', ({ shard }) => shard.tree],
  ['version', ({ shard }) => shard.version],
  ['command', ({ mode, attached }) => (attached === true ? 'replicate' : mode)],
  ['flags', ({ shard }) => shard.flags.join(' ')],
];

function differenceOf(report: ShardReport, reference: ShardReport): string | undefined {
  for (const [name, of] of FACTS) {
    const [mine, theirs] = [of(report), of(reference)];
    const isUnread = mine === undefined && isBroken(report) && (name === 'tree' || name === 'commit');
    // the images of a broken replication tell nothing about the command
    const isSilent = name === 'command' && report.images.length === 0 && report.mode === reference.mode;
    if (mine !== theirs && !isUnread && !isSilent) return `the ${name} ${quoted(mine)}, not ${quoted(theirs)}`;
  }
  return undefined;
}

function quoted(text: string | undefined): string {
  return text === undefined || text === '' ? '(none)' : text;
}

function mismatch({ shard: { index, of } }: ShardReport, difference: string): Failure {
  return problem(
    'SHARD_MISMATCH',
    `the report of shard ${index} of ${of} has ${difference}; it is left out`,
    'merge the reports of one run only',
  );
}

function twice({ shard: { index, of } }: ShardReport): Failure {
  return problem(
    'SHARD_OVERLAP',
    `shard ${index} of ${of} has two reports; only the first counts`,
    'name each report once',
  );
}

/** Returns a failure for each pair of shards that report the same image. */
function overlaps(reports: readonly ShardReport[]): readonly Failure[] {
  const owners = new Map<string, { readonly index: number; readonly key: string | undefined }>();
  const pairs = new Map<string, string[]>();
  for (const { shard, ...report } of reports) {
    for (const [subject, key] of new Map(subjectsOf(report))) {
      const owner = owners.get(subject);
      if (owner === undefined) owners.set(subject, { index: shard.index, key });
      else if (key === undefined || key !== owner.key) {
        const pair = `${owner.index} and ${shard.index}`;
        const subjects = pairs.get(pair) ?? [];
        pairs.set(pair, subjects);
        subjects.push(subject);
      }
    }
  }
  return [...pairs].map(([pair, subjects]) =>
    problem(
      'SHARD_OVERLAP',
      `shards ${pair} both report ${few(subjects)}`,
      'run all shards again with one version of kpromo and one tree',
    ),
  );
}

type Subject = readonly [name: string, key: string | undefined];

/**
 * Returns the images that a report is about: by source digest, and without a source by the names in production. Several
 * shards may report subjects with the same key.
 */
function subjectsOf({ images, check, audit }: Omit<ShardReport, 'shard'>): readonly Subject[] {
  return [
    ...images.map(({ source }): Subject => [source, undefined]),
    ...(check?.findings ?? []).map(({ reference, digest }): Subject => [`${reference}@${digest}`, undefined]),
    ...(audit?.findings ?? []).map((finding): Subject => [
      `${finding.reference}@${finding.digest} (${finding.code})`,
      findingKey(finding),
    ]),
  ];
}

function problem(code: ErrorCode, message: string, hint: string): Failure {
  return failureOf('merge', { code, message, hint });
}

import { DRIFT_CODES } from '../../image/drift-codes.ts';
import type { Failure } from '../../errors.ts';
import { documentOf, type Recorded } from '../build/document.ts';
import type { ReportDocument, ReportedImage, ReportedProblem } from '../model/schema.ts';
import { findingsOf, inventoryOf, notesOf } from './findings.ts';
import { recordedOf, type Parts } from './recorded.ts';
import { sharesOf, type ShardReport } from './share-problems.ts';
import { commonTo, registriesOf, sumsOf, totalsOf, unionOf } from './sums.ts';
import { envelopeOf, phasesOf, trafficOf } from './times.ts';

/** The reports of all shards as one. */
export type Merged = {
  readonly document: ReportDocument;
  /** The same as the reports of one run, for its texts. */
  readonly recorded: Recorded;
  /** Missing shards, reports of other runs, and what two shards report. They are failures of the document, too. */
  readonly problems: readonly Failure[];
};

/**
 * Merges the reports of shards into the report that one run would have written. Counts are sums, problems that several
 * shards report are one, and times reach from the first start to the last end. `more` are problems that the caller
 * found. Returns undefined for no report.
 */
export function mergeReports(documents: readonly ShardReport[], more: readonly Failure[] = []): Merged | undefined {
  const { reports, problems: found } = sharesOf(documents);
  const [first, ...others] = reports;
  if (first === undefined) return undefined;
  const problems = [...found, ...more];
  const parts = partsOf([first, ...others], problems);
  const traffic = trafficOf(reports);
  const recorded = { ...recordedOf(parts, problems), ...(traffic !== undefined && { traffic }) };
  return { document: documentOf(recorded), recorded, problems };
}

type Reports = readonly [ShardReport, ...ShardReport[]];

function partsOf(reports: Reports, problems: readonly Failure[]): Parts {
  const [first] = reports;
  const { start, end } = envelopeOf(reports);
  const phases = phasesOf(reports, start);
  return {
    kpromo: first.kpromo,
    context: contextOf(reports),
    mode: first.mode,
    exitCode: problems.length > 0 ? 1 : worstExitCode(reports),
    started: new Date(start).toISOString(),
    ms: end - start,
    aborted: reports.find(({ aborted }) => aborted !== undefined)?.aborted,
    phases,
    attached: reports.find(({ attached }) => attached === true)?.attached,
    tagsLast: reports.find(({ tagsLast }) => tagsLast === true)?.tagsLast,
    totals: totalsOf(reports.map(({ totals }) => totals)) ?? first.totals,
    failures: unionOf(
      reports.map(({ failures }) => failures),
      problemKey,
    ).toSorted(inOrderOfPhases(phases)),
    warnings: warningsOf(reports),
    images: reports.flatMap(({ images }) => images).toSorted(inOrderOfTree),
    replication: totalsOf(reports.flatMap(({ replication }) => replication ?? [])),
    check: checkOf(reports.flatMap(({ check }) => check ?? [])),
    audit: auditOf(reports.flatMap(({ audit }) => audit ?? [])),
    inventory: inventoryOf(reports.flatMap(({ inventory }) => inventory ?? [])),
    change: changeOf(reports.flatMap(({ change }) => change ?? [])),
    registries: registriesOf(reports.flatMap(({ registries }) => registries)),
  };
}

/**
 * The exit codes of shards, worst first: an entry is wrong, the run was stopped, a trouble may pass, something is
 * pending. Any other code, which no report of ours has, is as bad as 1.
 */
export const WORST_FIRST: readonly number[] = [1, 143, 130, 129, 75, 2, 0];

function worstExitCode(reports: Reports): number {
  const codes = reports.map(({ exitCode = 1, outcome }) => {
    // a report that contradicts itself is believed in what is worse
    if ((outcome === 'failed' || outcome === 'stopped') && (exitCode === 0 || exitCode === 2)) return 1;
    return WORST_FIRST.includes(exitCode) ? exitCode : 1;
  });
  return WORST_FIRST.find((code) => codes.includes(code)) ?? 1;
}

function problemKey({ cause: _cause, ...problem }: ReportedProblem): string {
  return JSON.stringify(Object.entries(problem).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function warningsOf(reports: Reports): Parts['warnings'] {
  const lists = reports.flatMap(({ warnings }) => (warnings === undefined ? [] : [warnings]));
  return lists.length === 0 ? undefined : unionOf(lists, problemKey);
}

/** The context of the first shard; its command without the flag that names the shard. */
function contextOf([{ context }]: Reports): Parts['context'] {
  const { command, ...more } = context;
  return { ...more, ...(command !== undefined && { command: command.replace(/ --shard[= ]\d+\/\d+/, '') }) };
}

/** As in the report of one run: by phase, and in each phase in tree order. */
function inOrderOfPhases(phases: Parts['phases']): (a: ReportedProblem, b: ReportedProblem) => number {
  const names = phases.map(({ name }) => name);
  return (a, b) =>
    names.indexOf(a.phase) - names.indexOf(b.phase) ||
    compared(a.file ?? '', b.file ?? '') ||
    (a.line ?? 0) - (b.line ?? 0);
}

/** As in the report of one run: images to promote, images to sign, rejected ones, unknown ones; each in tree order. */
function inOrderOfTree(a: ReportedImage, b: ReportedImage): number {
  return (
    Number(a.attached === true) - Number(b.attached === true) ||
    rankOf(a) - rankOf(b) ||
    compared(a.file, b.file) ||
    a.line - b.line ||
    compared(a.source, b.source) ||
    compared(a.tags.join(), b.tags.join())
  );
}

function rankOf({ targets, signature }: ReportedImage): number {
  if (targets.some(({ action, attempts }) => action !== 'failed' || attempts > 0)) return 0;
  if (signature !== undefined) return 1;
  return targets.length > 0 ? 2 : 3;
}

function compared(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

type Check = NonNullable<ReportDocument['check']>;

function checkOf(all: readonly Check[]): Check | undefined {
  const [first, ...others] = all;
  if (first === undefined) return undefined;
  const views = all.flatMap(({ view }) => view ?? []);
  const [view, ...more] = views;
  return {
    ...sumsOf([first, ...others]),
    signatures: sumsOf([first.signatures, ...others.map(({ signatures }) => signatures)]),
    records: sumsOf([first.records, ...others.map(({ records }) => records)]),
    findings: all
      .flatMap(({ findings }) => findings)
      .toSorted((a, b) => compared(a.reference, b.reference) || compared(a.digest, b.digest)),
    view: view && { ...sumsOf([view, ...more]), broken: views.flatMap(({ broken }) => broken) },
  };
}

type Audit = NonNullable<ReportDocument['audit']>;

/** An entry of the baseline accepts nothing if it does so in no shard. */
function auditOf(all: readonly Audit[]): Audit | undefined {
  const [first, ...others] = all;
  if (first === undefined) return undefined;
  const baselines = all.map(({ baseline }) => baseline ?? []);
  const isUnused = ({ why }: NonNullable<Audit['baseline']>[number]): boolean => why === 'unused';
  const idle = [
    ...unionOf(baselines.map((entries) => entries.filter((entry) => !isUnused(entry)))),
    ...commonTo(baselines.map((entries) => entries.filter(isUnused))),
  ];
  return {
    ...sumsOf([first, ...others]),
    findings: findingsOf(all.map(({ findings }) => findings)).toSorted(inOrderOfAudit),
    notes: notesOf(all.map(({ notes }) => notes)),
    ...(first.baseline !== undefined && { baseline: idle }),
  };
}

type Finding = Audit['findings'][number];

/** As in the report of one audit: what is lacking in tree order, then what is too much, then what is not signed. */
function inOrderOfAudit(a: Finding, b: Finding): number {
  return (
    driftRank(a) - driftRank(b) ||
    (driftRank(a) === 0 ? compared(a.file ?? '', b.file ?? '') || (a.line ?? 0) - (b.line ?? 0) : 0) ||
    compared(a.reference, b.reference) ||
    compared(a.digest, b.digest) ||
    DRIFT_CODES.indexOf(a.code) - DRIFT_CODES.indexOf(b.code)
  );
}

function driftRank({ code, file }: Finding): number {
  if (code === 'UNSIGNED' || code === 'UNRECORDED') return 2;
  return file === undefined ? 1 : 0;
}

type Change = NonNullable<ReportDocument['change']>;

/** Each shard compares the whole tree with the base. */
function changeOf(all: readonly Change[]): Change | undefined {
  const [first] = all;
  if (first === undefined) return undefined;
  const settings = all.flatMap((one) => (one.settings === undefined ? [] : [one.settings]));
  return {
    ...first,
    changes: unionOf(all.map(({ changes }) => changes)),
    removed: unionOf(all.map(({ removed }) => removed)),
    ...(settings.length > 0 && { settings: unionOf(settings) }),
  };
}

import type { Failure } from '../../errors.ts';
import { repositoryOf, tagOf } from '../../image/reference.ts';
import { durationText } from '../../pipeline/duration.ts';
import type {
  ImageReport,
  RegistryReport,
  RunReport,
  SignatureReport,
  SigningTotals,
  TargetReport,
} from '../model/report.ts';
import type { RunFacts } from '../../pipeline/run-facts.ts';
import { causesOf, type Cause } from '../../pipeline/causes.ts';
import { splitWarnings, subjectOf } from '../causes.ts';
import { bytesText, count, few, shortDigests, table } from '../../text/layout.ts';
import { isPromoted, reachOf, stateOf, worstFirst } from '../mirrors.ts';
import { inventoryLines } from './inventory.ts';
import { provenanceLines } from './provenance-table.ts';
import { repairLines } from './repairable.ts';
import { vulnerabilitySummary } from './vulnerabilities.ts';
import { terminalLines } from '../../text/escape/terminal.ts';
import { addAll } from '../../lists.ts';

/** More images, or problems of one kind, are only counted; the log above has all. */
const LISTED = 20;

/** Formats the result of a run: one line per image, and every problem with its hint. */
export function summaryText(report: RunReport): string {
  // the plan of a dry run has the warnings
  const warned = report.run.mode === 'dry-run' ? [] : warningLines(report);
  return terminalLines([...outcome(report), ...warned, ...problems(report.failures)]);
}

function outcome(report: RunReport): string[] {
  const { run, totals, images, registries } = report;
  const lines = ['', `Summary: ${headline(report)}`];
  if (run.aborted !== undefined) lines.push(`  stopped early: ${run.aborted}`);
  if (run.mode === 'parse') return lines;
  if (run.mode !== 'dry-run') addAll(lines, tagsLastLines(run));
  addAll(lines, imageLines(report));
  addAll(lines, registryLines(registries));
  if (totals.present > 0) lines.push(`  ${count(totals.present, 'image × mirror pair')} complete before this run`);
  if (run.mode !== 'dry-run') addAll(lines, inventoryLines(report));
  if (totals.signing !== undefined) lines.push(`  ${signingText(totals.signing, run.mode)}`);
  addAll(lines, provenanceLines(images));
  addAll(lines, repairLines(images));
  const scans = vulnerabilitySummary(images);
  if (scans !== undefined) lines.push(`  ${scans}`);
  return [...lines, `  ${trafficText(report)}`];
}

/** Returns a line that says when tags are written, if they are written last. */
export function tagsLastLines({ tagsLast }: RunFacts): readonly string[] {
  return tagsLast === true
    ? ['  tags are written last: after their images are signed and the mirrors have the signatures']
    : [];
}

/** Returns requests, bytes and duration in one line. */
export function trafficText({ totals, run }: Pick<RunReport, 'totals' | 'run'>): string {
  const reads = totals.sourceReads > 0 ? `, ${count(totals.sourceReads, 'source read')}` : '';
  return `${count(totals.requests, 'request')}${reads}, ${bytesText(totals.bytes)} sent and received, ${durationText(run.ms)}`;
}

/** Lists the images of a run, incomplete ones first. Empty for a dry run, whose plan is printed before. */
function imageLines({ run, images, totals }: RunReport): readonly string[] {
  // a run that was stopped before it wrote has completed no image
  if (run.mode === 'dry-run' || (totals.pending > 0 && !hasWritten(totals))) return [];
  const [unread, listed] = partition(images, ({ targets, signature }) => targets.length + (signature ? 1 : 0) === 0);
  const sorted = worstFirst(listed);
  const hidden = sorted.length - LISTED;
  return [
    ...table(sorted.slice(0, LISTED).map(row), '  '),
    ...(hidden > 0 ? [`  and ${count(hidden, 'more image', 'more images')}`] : []),
    ...(unread.length === 0
      ? []
      : [`  ${count(unread.length, 'more image')} unknown on mirrors that could not be read`]),
  ];
}

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

/** Lists the problems of each registry. */
export function registryLines(registries: readonly RegistryReport[]): string[] {
  return registries
    .filter(({ failed }) => failed > 0)
    .map(({ host, failed, unread }) => {
      const parts = [
        ...(unread === 0 ? [] : [`${count(unread, 'repository', 'repositories')} could not be read`]),
        ...(failed === unread ? [] : [`${count(failed - unread, 'reference')} not written`]),
      ];
      return `  ${host}: ${parts.join(', ')}`;
    });
}

function headline(report: RunReport): string {
  const { run, totals, images, failures } = report;
  const causes = causesOf(failures).length;
  const [{ length: old }] = splitWarnings(report);
  const known = old === 0 ? '' : `, ${count(old, 'problem')} already in the base`;
  const trouble = `${causes === 0 ? '' : `, ${count(causes, 'problem')}`}${known}`;
  const changed = totals.unchanged === undefined ? '' : ` changed, and ${count(totals.unchanged, 'other')}`;
  const named = `${count(totals.images, 'image')}${changed} in the manifests${trouble}`;
  if (run.mode === 'parse') return `${named}; no request was sent`;
  const written = run.mode === 'dry-run' ? '; this was a dry run, nothing was written' : '';
  const isDue = images.some(({ targets }) =>
    targets.some(({ action, attempts }) => action !== 'failed' || attempts > 0),
  );
  if (!isDue && run.aborted !== undefined) return `nothing was promoted${trouble}`;
  if (!isDue) return `${named}, nothing ${causes > 0 ? 'else ' : ''}to promote${written}`;
  const references = count(totals.pending + totals.copied + totals.tagged, 'reference');
  if (run.mode === 'dry-run')
    return `${images.filter(isPending).length} of ${count(totals.images, 'image')} to promote (${references})${trouble}${written}`;
  const undone = images.filter(isPending).length;
  if (undone > 0 && !hasWritten(totals))
    return `nothing was promoted, ${count(undone, 'image')} (${references}) left to do${trouble}`;
  const done = count(totals.copied + totals.tagged, 'reference');
  const left = undone === 0 ? '' : `, ${undone} left to do`;
  return `${images.filter(isPromoted).length} of ${count(totals.images, 'image')} promoted (${done})${left}${trouble}`;
}

function hasWritten({ copied, tagged, unknown }: RunReport['totals']): boolean {
  return copied + tagged + unknown > 0;
}

function isPending({ targets }: ImageReport): boolean {
  return targets.some(({ pending }) => pending === true);
}

/** Returns an image as a row: action, name, tags, number of mirrors, and what is still missing. */
function row(image: ImageReport): string[] {
  const { name, digest, targets, signature } = image;
  if (targets.length === 0 && signature !== undefined) return repaired(image, signature);
  const good = targets.filter(({ action, pending }) => isWritten(action) && pending !== true);
  const shown = good.length === 0 ? targets : good;
  const tags = [...new Set(shown.flatMap(({ ref }) => tagOf(ref) ?? []))].join(', ');
  return [verb(image, good), name, tags === '' ? '(no tag)' : tags, whereText(image, good), shortDigests(digest)];
}

function isWritten(action: TargetReport['action']): boolean {
  return action === 'copy' || action === 'tag';
}

/** Returns `to 2 mirrors`, `to 1 mirror, tagged on 1`, `to 2 of 3 mirrors`, or `on none of 3 mirrors`. */
function whereText(image: ImageReport, good: readonly TargetReport[]): string {
  const { reached, all } = reachOf(image);
  const [copied, tagged] = [mirrorsOf(good, 'copy'), mirrorsOf(good, 'tag')];
  const only = [...tagged].filter((mirror) => !copied.has(mirror)).length;
  if (reached < all)
    return reached === 0 ? `on none of ${count(all, 'mirror')}` : `to ${reached} of ${count(all, 'mirror')}`;
  if (copied.size === 0) return `on ${count(only, 'mirror')}`;
  return `to ${count(copied.size, 'mirror')}${only === 0 ? '' : `, tagged on ${only}`}`;
}

function mirrorsOf(targets: readonly TargetReport[], action: 'copy' | 'tag'): ReadonlySet<string> {
  return new Set(targets.filter((target) => target.action === action).map(({ ref }) => repositoryOf(ref)));
}

/** Returns the signing totals in one line. */
function signingText(totals: SigningTotals, mode: RunFacts['mode']): string {
  const { signed, recorded, complete, left, unsigned, summarized, carried, stuck } = totals;
  const parts = mode === 'dry-run' ? [] : [`${count(signed, 'digest')} signed`, `${recorded} recorded`];
  if (carried !== undefined) parts.push(`${count(carried, 'attestation')} carried`);
  if (summarized !== undefined) parts.push(`${summarized} summarized`);
  if (complete > 0) parts.push(`${complete} already complete`);
  if (stuck !== undefined) parts.push(`${count(stuck, 'insufficient summary', 'insufficient summaries')} kept`);
  if (left > 0) parts.push(mode === 'dry-run' ? `${count(left, 'digest')} to sign or record` : `${left} left to do`);
  if (unsigned > 0) parts.push(`${unsigned} older ones not checked`);
  return parts.length === 0 ? 'nothing to sign' : parts.join(', ');
}

/** Returns an image that only lacked part of its signing as a row. */
function repaired({ name, tags, digest }: ImageReport, report: SignatureReport): string[] {
  const names = tags.length === 0 ? '(no tag)' : tags.join(', ');
  return [repairOf(report), name, names, `as ${report.reference}`, shortDigests(digest)];
}

function repairOf({ signature, record, summary }: SignatureReport): string {
  if (signature === 'missing' || record === 'missing') return 'unsigned';
  if (signature === 'written') return 'signed';
  if (record === 'written' || summary === undefined) return 'recorded';
  return summary === 'written' ? 'summarized' : 'not summarized';
}

function verb(image: ImageReport, good: readonly TargetReport[]): string {
  if (good.length > 0) return good.some(({ action }) => action === 'copy') ? 'copied' : 'tagged';
  const state = stateOf(image);
  return state === 'pending' ? 'not done' : state === 'unknown' ? 'unknown' : 'failed';
}

/** Lists problems that do not fail the run: those that the base also has, and entries without effect. */
export function warningLines(report: Pick<RunReport, 'warnings'>): string[] {
  const [old, warnings] = splitWarnings(report);
  return [
    ...blocks(old, 'problem', ' already in the base, which does not fail the run'),
    ...blocks(warnings, 'warning'),
  ];
}

/** Lists every problem with its place and its hint; failures with one cause are one problem. */
export function problems(failures: readonly Failure[]): string[] {
  return blocks(failures, 'problem');
}

function blocks(failures: readonly Failure[], noun: string, about = ''): string[] {
  const causes = causesOf(failures);
  if (causes.length === 0) return [];
  const lines = ['', `${count(causes.length, noun)}${about}:`];
  for (const [code, found] of Map.groupBy(causes, ({ first }) => first.code)) {
    for (const cause of found.slice(0, LISTED)) addAll(lines, problem(cause));
    if (found.length > LISTED) lines.push(`  ${code}: and ${found.length - LISTED} more; the log above has all`);
  }
  return lines;
}

function problem({ first, failures }: Cause<Failure>): string[] {
  const { code, at, message, hint } = first;
  const subject = subjectOf(failures);
  const lines = [`  ${code}${subject === '' ? '' : ` ${shortDigests(subject)}`}`];
  if (at !== undefined) lines.push(`      ${at.file}:${at.line}:${at.column}`);
  lines.push(`      ${shortDigests(message)}`);
  const refs = failures.flatMap((failure) => failure.refs ?? []);
  if (refs.length > 0) lines.push(`      on ${shortDigests(few(refs))}`);
  lines.push(`      → ${shortDigests(hint ?? `run \`kpromo explain ${code}\``)}`);
  return lines;
}

import type { Failure } from '../errors.ts';
import { repositoryOf, tagOf } from '../image/reference.ts';
import { durationText } from '../pipeline/duration.ts';
import type {
  ImageReport,
  RunFacts,
  RunReport,
  SignatureReport,
  SigningTotals,
  TargetReport,
} from '../pipeline/run-report.ts';
import { bytesText, count, shortDigests, table } from './layout.ts';
import { provenanceLines } from './provenance-table.ts';
import { repairLines } from './repairable.ts';
import { vulnerabilitySummary } from './vulnerable.ts';
import { terminalLines } from './text/terminal.ts';

/** More images, or problems of one kind, than this are counted, not listed: all of them stand in the log above. */
const LISTED = 20;

/** What a run did, for the end of a terminal session: each image in a line, and every problem with its way out. */
export function summaryText(report: RunReport): string {
  // a dry run has them in its plan
  const told = report.run.mode === 'dry-run' ? [] : warningLines(report);
  return terminalLines([...outcome(report), ...told, ...problems(report.failures)]);
}

function outcome(report: RunReport): string[] {
  const { run, totals, images, registries } = report;
  const lines = ['', `Summary: ${headline(report)}`];
  if (run.aborted !== undefined) lines.push(`  stopped early: ${run.aborted}`);
  if (run.mode === 'parse') return lines;
  // what a dry run found is its plan, which is printed before; of a run that was stopped before it wrote, nothing is done
  const listed = run.mode === 'dry-run' || totals.pending > 0 ? [] : images;
  lines.push(...table(listed.slice(0, LISTED).map(row), '  '));
  if (listed.length > LISTED) lines.push(`  and ${count(listed.length - LISTED, 'more image', 'more images')}`);
  const bad = registries.filter(({ failed }) => failed > 0);
  lines.push(...bad.map(({ host, failed }) => `  ${host}: ${failed} failed`));
  if (totals.present > 0) lines.push(`  ${count(totals.present, 'image × mirror pair')} complete before this run`);
  if (totals.signing !== undefined) lines.push(`  ${signingText(totals.signing, run.mode)}`);
  lines.push(...provenanceLines(images), ...repairLines(images));
  const scans = vulnerabilitySummary(images);
  if (scans !== undefined) lines.push(`  ${scans}`);
  const reads = totals.sourceReads > 0 ? `, ${count(totals.sourceReads, 'source read')}` : '';
  const traffic = `${count(totals.requests, 'request')}${reads}, ${bytesText(totals.bytes)}, ${durationText(run.ms)}`;
  return [...lines, `  ${traffic}`];
}

function headline({ run, totals, images: all, failures }: RunReport): string {
  const images = all.filter(({ targets }) => targets.length > 0);
  const trouble = failures.length === 0 ? '' : `, ${count(failures.length, 'problem')}`;
  const changed = totals.unchanged === undefined ? '' : ` changed, and ${totals.unchanged} others`;
  const named = `${count(totals.images, 'image')}${changed} in the manifests${trouble}`;
  if (run.mode === 'parse') return `${named}; no registry was asked`;
  const written = run.mode === 'dry-run' ? '; this was a dry run, nothing was written' : '';
  const isDue = images.some(({ targets }) =>
    targets.some(({ action, attempts }) => action !== 'failed' || attempts > 0),
  );
  if (!isDue && run.aborted !== undefined) return `nothing was promoted${trouble}`;
  if (!isDue) return `${named}, nothing ${failures.length > 0 ? 'else ' : ''}to promote${written}`;
  const references = count(totals.pending + totals.copied + totals.tagged, 'reference');
  if (run.mode !== 'dry-run' && totals.pending > 0)
    return `nothing was promoted, ${count(images.filter(isPending).length, 'image')} (${references}) left to do${trouble}`;
  const done = images.filter(({ targets }) => targets.every(({ action }) => action !== 'failed')).length;
  const what = run.mode === 'dry-run' ? 'to promote' : 'promoted';
  return `${done} of ${count(totals.images, 'image')} ${what} (${references})${trouble}${written}`;
}

function isPending({ targets }: ImageReport): boolean {
  return targets.some(({ pending }) => pending === true);
}

/** An image in a line: what was done with it, its tags, how many mirrors got it. */
function row(image: ImageReport): string[] {
  const { name, digest, targets, signature } = image;
  if (targets.length === 0 && signature !== undefined) return repaired(image, signature);
  const good = targets.filter(({ action }) => action !== 'failed');
  const shown = good.length === 0 ? targets : good;
  const tags = [...new Set(shown.flatMap(({ ref }) => tagOf(ref) ?? []))].join(', ');
  const [reached, all] = [mirrorsOf(good), mirrorsOf(targets)];
  const mirrors = reached === all || reached === 0 ? count(all, 'mirror') : `${reached} of ${count(all, 'mirror')}`;
  const where = `${reached === 0 ? 'on' : 'to'} ${mirrors}`;
  return [verb(good), name, tags === '' ? '(no tag)' : tags, where, shortDigests(digest)];
}

/** What the signing came to, in a line. */
function signingText(totals: SigningTotals, mode: RunFacts['mode']): string {
  const { signed, recorded, complete, left, unsigned, summarized, carried, stuck } = totals;
  const parts = mode === 'dry-run' ? [] : [`${count(signed, 'digest')} signed`, `${recorded} recorded`];
  if (carried !== undefined) parts.push(`${count(carried, 'attestation')} carried`);
  if (summarized !== undefined) parts.push(`${summarized} summarized`);
  if (complete > 0) parts.push(`${complete} had all of it`);
  if (stuck !== undefined) parts.push(`${count(stuck, 'poor summary', 'poor summaries')} kept`);
  if (left > 0) parts.push(mode === 'dry-run' ? `${count(left, 'digest')} to sign or record` : `${left} left to do`);
  if (unsigned > 0) parts.push(`${unsigned} more not looked at`);
  return parts.length === 0 ? 'nothing to sign' : parts.join(', ');
}

/** An image of which only the signing was due. */
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

function verb(good: readonly TargetReport[]): string {
  if (good.length === 0) return 'failed';
  const isCopy = good.some(({ action }) => action === 'copy');
  return isCopy ? 'copied' : 'tagged';
}

function mirrorsOf(targets: readonly TargetReport[]): number {
  return new Set(targets.map(({ ref }) => repositoryOf(ref))).size;
}

/** What in the manifests has no effect, as lines. */
export function warningLines({ warnings = [] }: Pick<RunReport, 'warnings'>): string[] {
  if (warnings.length === 0) return [];
  return ['', ...listed(warnings, 'warning')];
}

/** Every problem with its place and its way out, as lines. */
export function problems(failures: readonly Failure[]): string[] {
  if (failures.length === 0) return [];
  return ['', ...listed(failures, 'problem')];
}

function listed(failures: readonly Failure[], noun: string): string[] {
  const byCode = new Map<string, Failure[]>();
  for (const failure of failures) byCode.set(failure.code, [...(byCode.get(failure.code) ?? []), failure]);
  const lines = [`${count(failures.length, noun)}:`];
  for (const [code, found] of byCode) {
    for (const failure of found.slice(0, LISTED)) lines.push(...problem(failure));
    if (found.length > LISTED) lines.push(`  ${code}: and ${found.length - LISTED} more; all of them stand above`);
  }
  return lines;
}

function problem({ code, at, image, digest, message, hint, refs = [] }: Failure): string[] {
  const subject = [image, digest].filter((part) => part !== undefined).join('@');
  const lines = [`  ${code}${subject === '' ? '' : ` ${shortDigests(subject)}`}`];
  if (at !== undefined) lines.push(`      ${at.file}:${at.line}:${at.column}`);
  lines.push(`      ${shortDigests(message)}`);
  if (refs.length > 0) {
    const more = refs.length > 3 ? ` and ${refs.length - 3} more` : '';
    lines.push(`      on ${shortDigests(refs.slice(0, 3).join(', '))}${more}`);
  }
  lines.push(`      → ${shortDigests(hint ?? `\`kpromo explain ${code}\` says more`)}`);
  return lines;
}

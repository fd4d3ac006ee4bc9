import type { Failure } from '../errors.ts';
import { durationText } from '../pipeline/duration.ts';
import type { RunReport } from '../pipeline/run-report.ts';

/** More problems of one kind than this are counted, not listed: all of them stand in the log above. */
const LISTED_PER_CODE = 20;

/** What a run did, for the end of a terminal session: what is complete, and every problem with its way out. */
export function summaryText(report: RunReport): string {
  return [...outcome(report), ...problems(report.failures)].map((line) => `${line}\n`).join('');
}

function outcome({ run, totals, images, registries }: RunReport): string[] {
  const lines = ['', `Summary: ${headline(run.mode, totals, images.length)}`];
  if (run.aborted !== undefined) lines.push(`  stopped early: ${run.aborted}`);
  if (run.mode === 'parse') return lines;
  lines.push(
    `  ${count(totals.present, 'image')} × mirror complete before this run, in ${count(totals.repositories, 'repository', 'repositories')}`,
  );
  if (run.mode === 'promote' && images.length > 0) {
    lines.push(
      `  ${totals.copied} references copied, ${totals.tagged} tagged, ${totals.failed} failed; ${totals.sourceReads} reads of the source`,
    );
  }
  const bad = registries.filter(({ failed }) => failed > 0);
  for (const { host, failed } of bad) lines.push(`  ${host}: ${failed} failed`);
  lines.push(`  ${count(totals.requests, 'request')}, ${bytesText(totals.bytes)}, ${durationText(run.ms)}`);
  return lines;
}

function headline(mode: RunReport['run']['mode'], totals: RunReport['totals'], due: number): string {
  const named = `${count(totals.images, 'image')} in the manifests`;
  if (mode === 'parse') return `${named}; nothing was asked of any registry`;
  if (due === 0) return `${named}, nothing to promote`;
  if (mode === 'dry-run')
    return `${named}, ${due} to promote (${count(totals.pending, 'reference')}); this was a dry run, nothing was written`;
  return `${named}, ${due} due (${count(totals.copied + totals.tagged + totals.failed, 'reference')})`;
}

function problems(failures: readonly Failure[]): string[] {
  if (failures.length === 0) return [];
  const byCode = new Map<string, Failure[]>();
  for (const failure of failures) byCode.set(failure.code, [...(byCode.get(failure.code) ?? []), failure]);
  const lines = ['', `${count(failures.length, 'problem')}:`];
  for (const [code, found] of byCode) {
    for (const failure of found.slice(0, LISTED_PER_CODE)) lines.push(...problem(failure));
    if (found.length > LISTED_PER_CODE)
      lines.push(`  ${code}: and ${found.length - LISTED_PER_CODE} more; all of them stand above`);
  }
  return lines;
}

function problem({ code, at, image, digest, message, hint, refs = [] }: Failure): string[] {
  const place = at === undefined ? '' : `${at.file}:${at.line}:${at.column} `;
  const subject = [image, digest].filter((part) => part !== undefined).join('@');
  const lines = [`  ${place}${code}${subject === '' ? '' : ` ${subject}`}`, `      ${message}`];
  if (refs.length > 0)
    lines.push(`      on ${refs.slice(0, 3).join(', ')}${refs.length > 3 ? ` and ${refs.length - 3} more` : ''}`);
  if (hint !== undefined) lines.push(`      → ${hint}`);
  return lines;
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`;
}

/** Bytes as people read them, in powers of 1024. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power] ?? 'B'}`;
}

import { causesOf } from '../../pipeline/causes.ts';
import type { ImageReport, RunReport } from '../model/report.ts';
import { count, shortDigests, table } from '../../text/layout.ts';
import { targetState } from '../mirrors.ts';
import { problems, registryLines, trafficText } from './summary.ts';
import { terminalLines } from '../../text/escape/terminal.ts';
import { addAll } from '../../lists.ts';

/** More are only counted; the log above has all. */
const LISTED = 20;

/** Formats the result of a replication. */
export function replicationSummary(report: RunReport): string {
  const { run, images, registries, failures } = report;
  const lines = ['', `Summary: ${headline(report)}`];
  if (run.aborted !== undefined) lines.push(`  stopped early: ${run.aborted}`);
  addAll(lines, table(images.slice(0, LISTED).map(row), '  '));
  if (images.length > LISTED) lines.push(`  and ${images.length - LISTED} more`);
  addAll(lines, registryLines(registries));
  lines.push(`  ${trafficText(report)}`);
  return terminalLines([...lines, ...problems(failures)]);
}

/** Formats the summary of a replication that `--sign=false` disables. */
export function skippedSummary(): string {
  return terminalLines(['', 'Summary: nothing was replicated: --sign=false disables replication']);
}

function headline({ run, totals, failures }: RunReport): string {
  const causes = causesOf(failures).length;
  const trouble = causes === 0 ? '' : `, ${count(causes, 'problem')}`;
  const of = `${count(totals.images, 'image')} with mirrors`;
  if (totals.pending > 0)
    return `${count(totals.pending, 'copy', 'copies')} of signatures and attestations needed, ${of}${trouble}; this was a dry run, nothing was written`;
  const dry = run.mode === 'dry-run' ? '; this was a dry run' : '';
  if (totals.copied + totals.failed === 0) return `nothing to replicate, ${of}${trouble}${dry}`;
  return `${count(totals.copied, 'copy', 'copies')} of signatures and attestations made, ${of}${trouble}`;
}

/** Returns one attached manifest as a row: its subject, its tag, and how many mirrors got it. */
function row({ name, digest, tags, targets }: ImageReport): string[] {
  const states = targets.map(targetState);
  const done = states.filter((state) => state === 'done').length;
  const pending = states.filter((state) => state === 'pending').length;
  const good = pending > 0 && done === 0 ? pending : done;
  const what = good === 0 && targets.length > 0 ? 'failed' : done === 0 && pending > 0 ? 'copy' : 'copied';
  const form = /\.(\w+)$/.exec(tags[0] ?? '')?.[0] ?? 'referrer';
  const where = `to ${good === targets.length ? '' : `${good} of `}${count(targets.length, 'mirror')}`;
  return [what, name, form, where, shortDigests(digest)];
}

import { causesOf } from '../../pipeline/causes.ts';
import { durationText } from '../../pipeline/duration.ts';
import { bytesText, count, shortDigests, table } from '../../text/layout.ts';
import { problems } from './summary.ts';
import type { SigcheckReport, SigcheckRow, SigcheckTotals } from '../model/sigcheck.ts';
import { terminalLines } from '../../text/escape/terminal.ts';

/** Formats one line per finding, one per link that is broken for clients, and the counts. */
export function sigcheckTable({ rows, view, totals }: SigcheckReport): string {
  const head = ['DIGEST', 'IMAGE', 'WHERE', 'STATUS', 'WHO', 'WHY'];
  const lines = rows.length === 0 ? [] : [...table([head, ...merged(rows).map(cells)], ''), ''];
  const broken = view?.broken ?? [];
  const links = broken.length === 0 ? [] : [...broken, ''];
  return terminalLines([...lines, ...links, ...countLines(totals, view)]);
}

/** Formats how the check went. */
export function sigcheckSummary({ run, totals, failures, view }: SigcheckReport): string {
  const { digests, signed, recorded, copied } = totals;
  const calm = run.aborted === undefined ? 'all is well' : 'nothing found wrong so far';
  const causes = causesOf(failures).length;
  const trouble = causes === 0 ? calm : count(causes, 'problem');
  const done = `${signed} signed, ${recorded} recorded, ${count(copied, 'copy', 'copies')} to mirrors, `;
  const lines = [
    '',
    `Summary: ${count(Math.max(digests, view?.digests ?? 0), 'digest')} checked, ${run.mode === 'repair' ? done : ''}${trouble}`,
  ];
  if (run.aborted !== undefined) lines.push(`  stopped early: ${run.aborted}`);
  const bytes = `${bytesText(totals.bytes)} sent and received`;
  lines.push(`  ${count(totals.requests, 'request')}, ${bytes}, ${durationText(run.ms)}`);
  const others = problems(failures.filter(({ code }) => code !== 'UNSIGNED' && code !== 'BROKEN_LINK'));
  return terminalLines([...lines, ...others]);
}

/** Merges a verified signature and a verified record of the same signer in the same places into one line. */
function merged(rows: readonly SigcheckRow[]): readonly SigcheckRow[] {
  const keyOf = ({ digest, reference, who, repositories }: SigcheckRow): string =>
    JSON.stringify([reference, digest, who, repositories]);
  const isGood = ({ status, what }: SigcheckRow, wanted: SigcheckRow['what']): boolean =>
    status === 'verified' && what === wanted;
  const signed = new Set(rows.filter((row) => isGood(row, 'signature')).map(keyOf));
  const recorded = new Set(rows.filter((row) => isGood(row, 'record')).map(keyOf));
  return rows
    .filter((row) => !isGood(row, 'record') || !signed.has(keyOf(row)))
    .map((row) =>
      isGood(row, 'signature') && recorded.has(keyOf(row)) ? { ...row, words: 'verified, recorded' } : row,
    );
}

function cells(row: SigcheckRow): string[] {
  const { name, subjects, digest, words, who = '', why } = row;
  const platforms = subjects.filter((subject) => subject !== digest);
  const isOne = platforms.length === 1;
  const named = isOne ? `platform ${shortDigests(platforms[0] ?? '')}` : `${platforms.length} platforms`;
  const about = platforms.length === 0 ? [] : [platforms.length < subjects.length ? `with ${named}` : `only ${named}`];
  const reason = [...about, ...(why === undefined ? [] : [shortDigests(why)])].join(': ');
  return [shortDigests(digest), name, placesText(row), words, who, reason];
}

function placesText({ repositories, places }: SigcheckRow): string {
  const [first = ''] = repositories;
  if (repositories.length === 1) return first;
  if (repositories.length === places) return `all ${places}`;
  return `${first} and ${repositories.length - 1} more`;
}

function countLines({ signatures, records, digests, beyond }: SigcheckTotals, view: SigcheckReport['view']): string[] {
  const parts = (counts: SigcheckTotals['signatures']): string =>
    Object.entries(counts)
      .filter(([, number]) => number > 0)
      .map(([status, number]) => `${number.toLocaleString('en-US')} ${status}`)
      .join(', ');
  const counted = [
    ['signatures', parts(signatures)],
    ['records', parts(records).replace('verified', 'recorded').replace('unsigned', 'unrecorded')],
  ].filter(([, text]) => text !== '');
  const left = beyond === 0 ? '' : `, ${beyond} more left out`;
  const verified = view !== undefined && digests === 0 ? [] : [`${count(digests, 'digest')} checked${left}`];
  const counts = counted.map(([what, text]) => `${what}, by digest and repository: ${text}`);
  return [...verified, ...counts, ...(view === undefined ? [] : [viewLine(view)])];
}

function viewLine({ digests, links, broken }: NonNullable<SigcheckReport['view']>): string {
  const wrong = broken.length === 0 ? 'none' : broken.length.toLocaleString('en-US');
  return `${count(digests, 'digest')} checked as clients see them, through ${count(links, 'link')}: ${wrong} broken`;
}

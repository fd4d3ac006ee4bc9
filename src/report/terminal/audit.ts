import { causesOf } from '../../pipeline/causes.ts';
import { durationText } from '../../pipeline/duration.ts';
import { DRIFT_CODES } from '../../image/drift-codes.ts';
import { bytesText, count, few, shortDigests } from '../../text/layout.ts';
import { largest } from '../../lists.ts';
import { terminalLines } from '../../text/escape/terminal.ts';
import type { AuditFinding, AuditReport } from '../model/audit.ts';
import { problems } from './summary.ts';

/** Every difference by image, those that a baseline accepts last, then what was not looked at, and counts. */
export function auditText(audit: AuditReport): string {
  const { findings, notes, baseline = [], run } = audit;
  // an entry that matches nothing in one share may match in another
  const isWhole = (run.shard?.of ?? 1) === 1;
  const fresh = findings.filter(({ known }) => known === undefined);
  const known = findings.filter((finding) => finding.known !== undefined);
  const idle = baseline
    .filter(({ why }) => isWhole || why === 'expired')
    .map(
      ({ why, code, reference, until, file, line }) =>
        `${file}:${line}: ${why === 'expired' ? `expired on ${until}` : 'matches no difference'}: ${code} ${reference}`,
    );
  return terminalLines([
    ...byImage(fresh),
    ...section('What to do:', hintLines(fresh)),
    ...section('Known (baseline):', knownLines(known)),
    ...section('Entries of the baseline that accept nothing:', idle),
    ...section('Not looked at:', notes),
    ...countLines(audit),
  ]);
}

/** The result of an audit, for the end of a terminal session. */
export function auditSummary({ run, totals, failures }: AuditReport): string {
  const { pending, known, images, repositories, requests, bytes } = totals;
  const causes = causesOf(failures).length;
  const calm =
    run.aborted === undefined && causes === 0 ? 'production holds what the tree says' : 'no difference found';
  const none = known === 0 ? calm : 'no other difference';
  const found = pending === 0 ? none : count(pending, 'difference');
  const parts = [
    ...(known === 0 ? [] : [count(known, 'known difference')]),
    found,
    ...(causes === 0 ? [] : [count(causes, 'problem')]),
  ];
  const lines = [
    '',
    `Summary: ${count(images, 'image')} in ${count(repositories, 'repository', 'repositories')} compared, ${parts.join(', ')}`,
  ];
  if (run.aborted !== undefined) lines.push(`  stopped early: ${run.aborted}`);
  lines.push(`  ${count(requests, 'request')}, ${bytesText(bytes)} sent and received, ${durationText(run.ms)}`);
  return terminalLines([...lines, ...problems(failures)]);
}

function byImage(findings: readonly AuditFinding[]): string[] {
  return [...Map.groupBy(findings, ({ reference }) => reference)].flatMap(([reference, ofImage]) => [
    reference,
    ...[...Map.groupBy(ofImage, ({ digest }) => digest)].flatMap(([digest, ofDigest]) => [
      `  ${digest}${placeText(ofDigest)}`,
      ...ofDigest.flatMap(findingLines),
    ]),
    '',
  ]);
}

function placeText(findings: readonly AuditFinding[]): string {
  const entry = findings.find(({ file }) => file !== undefined);
  return entry === undefined ? '' : `  ${entry.file}:${entry.line}`;
}

function findingLines({ code, message, places }: AuditFinding): string[] {
  const refs = places.map(({ ref, found }) => (found === undefined ? ref : `${ref} (${shortDigests(found)})`));
  const line = `    ${code.padEnd(WIDEST)}  ${shortDigests(message)}`;
  return ON_PRIMARY.includes(code) ? [line] : [line, `${' '.repeat(WIDEST + 6)}${few(refs.map(shortDigests))}`];
}

const WIDEST = largest(DRIFT_CODES.map(({ length }) => length));
/** Their message says where. */
const ON_PRIMARY: readonly string[] = ['UNSIGNED', 'UNRECORDED'];

/** What to do about each code that occurs: the same for all of its differences. */
function hintLines(findings: readonly AuditFinding[]): string[] {
  return DRIFT_CODES.flatMap((code) => {
    const hint = findings.find((finding) => finding.code === code)?.hint;
    return hint === undefined ? [] : [`${code.padEnd(WIDEST)}  ${hint}`];
  });
}

/** One line for all that is accepted for one reason. */
function knownLines(findings: readonly AuditFinding[]): string[] {
  const reasons = Map.groupBy(findings, ({ code, known }) => JSON.stringify([code, known?.reason, known?.until]));
  return [...reasons.values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const names = alike.map(
      ({ reference, digest, tags }) => `${reference}${tags.length === 0 ? `@${shortDigests(digest)}` : `:${tags[0]}`}`,
    );
    const { reason, until } = first.known ?? {};
    return [`${alike.length.toLocaleString('en-US')} ${first.code} (until ${until}): ${reason}: ${few(names)}`];
  });
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), ''];
}

function countLines({ images, repositories, findings, failures, run }: AuditReport): string[] {
  const parts = DRIFT_CODES.flatMap((code) => {
    const { length } = findings.filter((finding) => finding.code === code && finding.known === undefined);
    return length === 0 ? [] : [`${length.toLocaleString('en-US')} ${code}`];
  });
  const known = findings.filter((finding) => finding.known !== undefined).length;
  if (known > 0) parts.push(`${known.toLocaleString('en-US')} known`);
  const compared = `${count(images, 'image')} in ${count(repositories, 'repository', 'repositories')} compared`;
  const isComplete = failures.length === 0 && run.aborted === undefined;
  if (parts.length === 0) parts.push(isComplete ? 'no difference' : 'no difference found');
  return [`${compared}: ${parts.join(', ')}${isComplete ? '' : '; not all could be read'}`];
}

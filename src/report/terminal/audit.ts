import { causesOf } from '../../pipeline/causes.ts';
import { durationText } from '../../pipeline/duration.ts';
import { DRIFT_CODES } from '../../image/drift-codes.ts';
import { bytesText, count, few, shortDigests } from '../../text/layout.ts';
import { terminalLines } from '../../text/escape/terminal.ts';
import type { AuditFinding, AuditModel, AuditReport } from '../model/audit.ts';
import { problems } from './summary.ts';

/** Every difference by image, those that a baseline accepts last, then what was not looked at, and counts. */
export function auditText(audit: AuditModel): string {
  const { findings, notes, baseline = [] } = audit;
  const fresh = findings.filter(({ known }) => known === undefined);
  const known = findings.filter((finding) => finding.known !== undefined);
  const idle = baseline.map(
    ({ why, code, reference, until, file, line }) =>
      `${file}:${line}: ${why === 'expired' ? `expired on ${until}` : 'matches no difference'}: ${code} ${reference}`,
  );
  return terminalLines([
    ...byImage(fresh),
    ...section('Known (baseline):', known.map(knownLine)),
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

function findingLines({ code, message, hint, places }: AuditFinding): string[] {
  const refs = places.map(({ ref, found }) => (found === undefined ? ref : `${ref} (${shortDigests(found)})`));
  return [
    `    ${code.padEnd(10)}  ${shortDigests(message)}`,
    `                ${few(refs.map(shortDigests))}`,
    `                → ${hint}`,
  ];
}

function knownLine({ code, reference, digest, tags, known }: AuditFinding): string {
  const tagged = tags.length === 0 ? '' : ` ${few(tags)}`;
  return `${code} ${reference}@${shortDigests(digest)}${tagged}: ${known?.reason} (until ${known?.until})`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), ''];
}

function countLines({ images, repositories, findings }: AuditModel): string[] {
  const parts = DRIFT_CODES.flatMap((code) => {
    const { length } = findings.filter((finding) => finding.code === code && finding.known === undefined);
    return length === 0 ? [] : [`${length.toLocaleString('en-US')} ${code}`];
  });
  const known = findings.filter((finding) => finding.known !== undefined).length;
  if (known > 0) parts.push(`${known.toLocaleString('en-US')} known`);
  const compared = `${count(images, 'image')} in ${count(repositories, 'repository', 'repositories')} compared`;
  return [`${compared}: ${parts.length === 0 ? 'no difference' : parts.join(', ')}`];
}

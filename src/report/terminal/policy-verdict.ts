import type { ProvenanceReport } from '../model/report.ts';
import { shortDigests } from '../../text/layout.ts';
import { evidenceTable } from './provenance-table.ts';
import { terminalLines } from '../../text/escape/terminal.ts';

const RESULTS = {
  passed: 'passes: it would be promoted',
  warned: 'does not satisfy the policy, which only warns: it would be promoted',
  failed: 'does not pass: it would not be promoted',
  off: 'is not judged: the policy has no provenance rules',
} as const;

/** Formats the attachments of an image and the verdict of the policy, for people who try the policy. */
export function verdictText(
  image: string,
  { evidence, result, level, violations, ...facts }: ProvenanceReport,
): string {
  const { signer, builder, source } = facts;
  const lines = [
    image,
    ...(evidence.length === 0 ? ['no attachments'] : evidenceTable(evidence)),
    '',
    ...Object.entries({ signer, builder, source }).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}: ${value}`],
    ),
    `level: ${level}`,
    ...violations.flatMap(({ code, message, hint, file, line }) => [
      `${code}${file === undefined ? '' : ` ${file}:${line}`}: ${shortDigests(message)}`,
      `  → ${hint}`,
    ]),
    `The image ${RESULTS[result]}.`,
  ];
  return terminalLines(lines);
}

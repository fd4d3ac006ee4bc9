import type { EvidenceReport, ImageReport, ProvenanceReport } from '../model/report.ts';
import { count, shortDigests, table } from '../../text/layout.ts';

/** More images than this are counted, not listed. */
const LISTED = 20;

/** The images that a policy holds back, or warns of: who built each from what, and why it is not taken. Nothing where all is well. */
export function provenanceLines(images: readonly Pick<ImageReport, 'name' | 'digest' | 'provenance'>[]): string[] {
  const odd = images.flatMap(({ name, digest, provenance }) =>
    provenance !== undefined && provenance.violations.length > 0 ? [{ name, digest, provenance }] : [],
  );
  if (odd.length === 0) return [];
  const held = odd.filter(({ provenance }) => provenance.result === 'failed').length;
  const lines = [`  provenance: ${held} held back, ${odd.length - held} with a warning`];
  for (const { name, digest, provenance } of odd.slice(0, LISTED)) {
    const what = provenance.result === 'failed' ? 'held back' : 'warning';
    lines.push(`    ${what}  ${name}  ${shortDigests(digest)}`, ...rows(provenance));
  }
  if (odd.length > LISTED) lines.push(`    and ${count(odd.length - LISTED, 'more image', 'more images')}`);
  return lines;
}

function rows({
  signer = 'nobody',
  builder = 'unknown',
  source = 'unknown',
  level,
  violations,
}: ProvenanceReport): string[] {
  const facts = [
    ['signer', signer],
    ['builder', builder],
    ['source', source],
    ['level', String(level)],
    ...violations.map(({ message }) => ['violation', message]),
  ];
  return facts.map(([name = '', value = '']) => `      ${name.padEnd('violation'.length)}  ${shortDigests(value)}`);
}

/** All evidence of one image, a line each: what it is, who signed it, and how good that is. */
export function evidenceTable(evidence: readonly EvidenceReport[]): readonly string[] {
  const header = ['STATUS', 'KIND', 'FORM', 'SIGNER', 'BUILDER', 'OF', 'AT'];
  const cells = evidence.map(({ status, kind, form, signer = '-', builder = '-', subject, manifest }) =>
    [status, kind, form, signer, builder, subject, manifest].map(shortDigests),
  );
  return table([header, ...cells], '');
}

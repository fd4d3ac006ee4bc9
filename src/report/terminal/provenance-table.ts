import type { EvidenceReport, ImageReport, ProvenanceReport } from '../model/report.ts';
import { count, shortDigests, table } from '../../text/layout.ts';

/** More images are only counted. */
const LISTED = 20;

/** Lists the images that a policy rejects or warns about: builder, source and reason. Empty if there are none. */
export function provenanceLines(images: readonly Pick<ImageReport, 'name' | 'digest' | 'provenance'>[]): string[] {
  const odd = images.flatMap(({ name, digest, provenance }) =>
    provenance !== undefined && provenance.violations.length > 0 ? [{ name, digest, provenance }] : [],
  );
  if (odd.length === 0) return [];
  const rejected = odd.filter(({ provenance }) => provenance.result === 'failed').length;
  const lines = [`  provenance: ${rejected} rejected, ${odd.length - rejected} with a warning`];
  for (const { name, digest, provenance } of odd.slice(0, LISTED)) {
    const what = provenance.result === 'failed' ? 'rejected' : 'warning';
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

/** Lists the evidence of one image, one line each: kind, signer and status. */
export function evidenceTable(evidence: readonly EvidenceReport[]): readonly string[] {
  const header = ['STATUS', 'KIND', 'FORM', 'SIGNER', 'BUILDER', 'OF', 'AT'];
  const cells = evidence.map(({ status, kind, form, signer = '-', builder = '-', subject, manifest }) =>
    [status, kind, form, signer, builder, subject, manifest].map(shortDigests),
  );
  return table([header, ...cells], '');
}

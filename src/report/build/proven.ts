import type { ProvenImage } from '../../phases/provenance/proven-images.ts';
import type { EvidenceReport, ImageReport, ProvenanceReport } from '../model/report.ts';
import type { Outputs } from '../outputs.ts';

type Evidence = ProvenImage['evidence'];
type Item = Evidence['items'][number];

/** Returns a lookup, by file and source, of the attachments in staging of the checked images. */
export function provenanceOf({
  provenance,
}: Pick<Outputs, 'provenance'>): (image: ImageReport) => Pick<ImageReport, 'provenance'> {
  const reports = new Map<string, ProvenanceReport>();
  for (const image of [...(provenance?.images ?? []), ...(provenance?.refused ?? [])]) {
    const { at, source, digest } = image.wanted;
    if (image.found !== undefined) reports.set(`${at.file} ${source}@${digest}`, provenanceReport(image));
  }
  return ({ file, source }) => {
    const report = reports.get(`${file} ${source}`);
    return report === undefined ? {} : { provenance: report };
  };
}

const NOTHING = { signature: 'none', attestations: 'none' } as const;

/** Converts the attachments of an image to their form in reports. */
export function provenanceReport({
  evidence,
  judgement,
  found = NOTHING,
}: Pick<ProvenImage, 'evidence' | 'judgement' | 'found'>): ProvenanceReport {
  const { mode, result, level, signer, builder, source, violations } = judgement;
  return {
    signature: found.signature === 'none' ? 'unsigned' : found.signature,
    attestations: found.attestations === 'none' ? 'unattested' : found.attestations,
    mode,
    result,
    level,
    signer,
    builder,
    source,
    violations: violations.map(({ code, message, hint, policy }) => ({
      code,
      message,
      hint,
      file: policy?.file,
      line: policy?.line,
    })),
    evidence: evidenceReports(evidence),
  };
}

function evidenceReports({ digest, items, platforms }: Evidence): readonly EvidenceReport[] {
  return [...items.map((item) => evidenceReport(item, digest)), ...platforms.flatMap(evidenceReports)];
}

function evidenceReport(item: Item, subject: string): EvidenceReport {
  const { kind, form, status, predicateType, signer, builder, manifest, reason } = item;
  return {
    subject,
    kind,
    form,
    status,
    predicateType,
    signer: signer && signerText(signer),
    builder,
    manifest,
    reason,
  };
}

function signerText(signer: NonNullable<Item['signer']>): string {
  return signer.kind === 'key' ? `a key (${signer.hint})` : `${signer.subject} (${signer.issuer})`;
}

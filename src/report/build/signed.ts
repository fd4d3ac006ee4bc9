import type { PlannedSignature } from '../../phases/images.ts';
import type { SignatureReport, SigningTotals, VouchedTotals } from '../model/report.ts';
import type { Outputs } from '../outputs.ts';

/** Returns a lookup, by entry, of the signing result of each candidate. */
export function signaturesOf({
  plan,
  signing,
  attestation,
}: Outputs): ReadonlyMap<PlannedSignature['wanted'], SignatureReport> {
  const reports = new Map<PlannedSignature['wanted'], SignatureReport>();
  const planned = plan?.signing?.images ?? [];
  for (const image of planned) reports.set(image.wanted, reportOf(image));
  for (const { planned: image, signature } of signing?.images ?? [])
    reports.set(image.wanted, { ...reportOf(image), signature });
  for (const { planned: image, signature, record, carried, summary } of attestation?.images ?? [])
    reports.set(image.wanted, {
      ...reportOf(image),
      signature,
      record,
      carried: carried || undefined,
      summary,
    });
  return reports;
}

/** Counts what a run signed, recorded and left undone; undefined if the run does not sign. */
export function signingTotals({ plan, ...outputs }: Outputs): SigningTotals | undefined {
  if (plan?.signing === undefined) return undefined;
  const reports = [...signaturesOf({ plan, ...outputs }).values()];
  const { complete, older, undated } = plan.signing;
  return {
    signed: reports.filter(({ signature }) => signature === 'written').length,
    recorded: reports.filter(({ record }) => record === 'written').length,
    complete: complete + reports.filter((report) => isDone(report) && !isWritten(report)).length,
    left: reports.filter((report) => !isDone(report)).length,
    unsigned: older + undated,
    ...vouchedTotals(reports, plan.signing.stuck ?? []),
  };
}

/** Counts attestations besides signatures and records; omits zeros. */
function vouchedTotals(reports: readonly SignatureReport[], kept: readonly string[]): VouchedTotals {
  const summarized = reports.filter(({ summary }) => summary === 'written').length;
  const carried = reports.reduce((sum, report) => sum + (report.carried ?? 0), 0);
  const stuck = kept.length + reports.filter(({ summary }) => summary === 'stuck').length;
  return { summarized: summarized || undefined, carried: carried || undefined, stuck: stuck || undefined };
}

function reportOf({ repository, reference, why, lacks }: PlannedSignature): SignatureReport {
  return {
    repository,
    reference,
    why,
    signature: lacks.signature ? 'missing' : 'there',
    record: lacks.record ? 'missing' : 'there',
    ...(lacks.summary !== undefined && { summary: lacks.summary ? 'missing' : 'there' }),
  };
}

function isDone({ signature, record, summary }: SignatureReport): boolean {
  return signature !== 'missing' && record !== 'missing' && summary !== 'missing';
}

function isWritten({ signature, record, summary }: SignatureReport): boolean {
  return signature === 'written' || record === 'written' || summary === 'written';
}

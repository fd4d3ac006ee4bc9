import { refsOf, tagOf } from '../image/reference.ts';
import type { Failure } from '../errors.ts';
import type { PlannedImage, PromotedImage } from '../phases/images.ts';
import { outcomeOf, type Outcome } from '../pipeline/outcome.ts';
import type { ImageReport, SignatureReport, TargetReport } from './model/report.ts';
import type { Outputs } from './outputs.ts';

type Wanted = PlannedImage['wanted'];

/** The report of an image before the state of its mirrors is known. */
type Reported = { readonly wanted: Wanted; readonly report: ImageReport };

/** Phases that can remove images before anything is written. */
const BEFORE_PROMOTION: readonly string[] = ['plan', 'provenance', 'validate'];

const NO_COST = { attempts: 0, requests: 0, bytes: 0, ms: 0 };

/**
 * Returns the reports of all images of a run: pending ones, then images that were only signed, were rejected, or could
 * not be read.
 */
export function imageReports(
  { plan, provenance, validation, promotion, tagging }: Outputs,
  signatures: ReadonlyMap<Wanted, SignatureReport>,
  failures: readonly Failure[],
): readonly ImageReport[] {
  const due: Reported[] =
    promotion === undefined
      ? ((validation ?? provenance ?? plan)?.images.map(pendingReport) ?? [])
      : (tagging ?? promotion).images.map(promotedReport);
  const refused = withRefused(withSignatures(due, signatures), failures);
  const known = new Set(refused.map(keyOf));
  const unread = [...(plan?.details ?? [])]
    .filter(([, details]) => details.unread.length > 0)
    .map(([wanted]) => imageReport(wanted, 0, []).report)
    .filter((report) => !known.has(keyOf(report)));
  return [...refused, ...unread];
}

/** Returns the key of an image: a file and a digest of a source, however many entries name it. */
function keyOf({ file, source }: Pick<ImageReport, 'file' | 'source'>): string {
  return `${file} ${source}`;
}

/** Adds signing results. Also adds images that were complete except for their signing. */
function withSignatures(
  due: readonly Reported[],
  signatures: ReadonlyMap<Wanted, SignatureReport>,
): readonly ImageReport[] {
  const known = new Set(due.map(({ wanted }) => wanted));
  const others = [...signatures.keys()].filter((wanted) => !known.has(wanted));
  return [...due, ...others.map((wanted) => imageReport(wanted, 0, []))].map(({ wanted, report }) => {
    const signature = signatures.get(wanted);
    return signature === undefined ? report : { ...report, signature };
  });
}

function imageReport(wanted: Wanted, sourceReads: number, targets: readonly TargetReport[]): Reported {
  const { name, digest, tags, source, at } = wanted;
  const place = { source: `${source}@${digest}`, file: at.file, line: at.line };
  return { wanted, report: { name, digest, tags, ...place, sourceReads, targets } };
}

function pendingReport({ wanted, targets }: Pick<PlannedImage, 'wanted' | 'targets'>): Reported {
  const reports = targets.flatMap(({ repository, tags, action }) =>
    refsOf(repository, tags, wanted.digest).map((ref): TargetReport => ({ ref, action, pending: true, ...NO_COST })),
  );
  return imageReport(wanted, 0, reports);
}

function promotedReport({ wanted, results, sourceReads }: PromotedImage): Reported {
  const reports = results.flatMap((result) => {
    const { repository, tags, action, error, attempts, requests, bytes, ms } = result;
    // The cost of a mirror is reported once, with the first reference.
    return refsOf(repository, tags, wanted.digest).map((ref, index): TargetReport => ({
      ref,
      ...actionOf(outcomeOf(result), index === 0 ? action : 'tag'),
      reason: error?.message,
      code: error?.code,
      attempts,
      requests: index === 0 ? requests : 0,
      bytes: index === 0 ? bytes : 0,
      ms,
    }));
  });
  return imageReport(wanted, sourceReads, reports);
}

/** Returns the action that a report shows for a reference with this outcome. */
export function actionOf(outcome: Outcome, action: 'copy' | 'tag'): Pick<TargetReport, 'action' | 'pending'> {
  if (outcome === 'complete') return { action };
  return outcome === 'pending' ? { action, pending: true } : { action: outcome };
}

/** Adds images that failed or were rejected: to their existing report if they have one, else as a new one. */
function withRefused(due: readonly ImageReport[], failures: readonly Failure[]): readonly ImageReport[] {
  const reports = new Map(due.map((report) => [keyOf(report), report]));
  for (const { phase, code, message, at, image, digest, source, refs = [] } of failures) {
    if (!BEFORE_PROMOTION.includes(phase) || at === undefined || source === undefined) continue;
    const targets = refs.map((ref): TargetReport => ({ ref, action: 'failed', reason: message, code, ...NO_COST }));
    const key = keyOf({ file: at.file, source });
    const known = reports.get(key) ?? {
      name: image ?? '',
      digest: digest ?? '',
      tags: [...new Set(refs.flatMap((ref) => tagOf(ref) ?? []))],
      source,
      file: at.file,
      line: at.line,
      sourceReads: 0,
      targets: [],
    };
    reports.set(key, { ...known, targets: [...known.targets, ...targets] });
  }
  return [...reports.values()];
}

import type { ErrorCode, Failure, TagPlace } from '../../errors.ts';
import type { PhaseName } from '../../pipeline/phase.ts';
import type { PhaseTime } from '../../pipeline/timeline.ts';
import type { RunFacts } from '../../pipeline/run-facts.ts';
import type { Recorded } from '../build/document.ts';
import type { AuditReport } from '../model/audit.ts';
import type { ImageReport, RunReport, Totals } from '../model/report.ts';
import type { ReportDocument, ReportedImage, ReportedProblem } from '../model/schema.ts';
import type { SigcheckReport } from '../model/sigcheck.ts';
import { stoppedProblem } from '../stopped.ts';

/** A document without the parts that are derived from the others. */
export type Parts = Omit<ReportDocument, 'version' | 'text' | 'traffic' | 'shard' | 'outcome'>;

/**
 * Returns the reports from which `documentOf` builds this document again. `problems` are added to its failures. Of a
 * promotion that replicated, the registries and the phases of both are those of the promotion.
 */
export function recordedOf(parts: Parts, problems: readonly Failure[]): Recorded {
  const { context, exitCode } = parts;
  const facts = factsOf(parts);
  const failures = [...problems, ...parts.failures.map(failureOf).filter(({ code }) => code !== 'ABORTED')];
  const given = { facts, context, ...(exitCode !== undefined && { exitCode }) };
  if (parts.mode === 'audit') return { ...given, audit: auditOf(parts, facts, failures) };
  if (parts.mode === 'check' || parts.mode === 'repair') return { ...given, check: checkOf(parts, facts, failures) };
  const isCopied = ({ phase }: Failure): boolean => phase === 'replicate';
  const [copies, images] = [parts.images.filter(isAttached), parts.images.filter((image) => !isAttached(image))];
  const { registries, totals, warnings, change, inventory, replication } = parts;
  if (parts.attached === true) return { ...given, replication: runOf(facts, copies, failures, { registries, totals }) };
  const own = replication === undefined ? failures : failures.filter((failure) => !isCopied(failure));
  const more = { registries, totals, warnings: warnings?.map(failureOf), change, inventory };
  const run = runOf(facts, images, own, more);
  if (replication === undefined) return { ...given, run };
  const later = { ...facts, phases: [], aborted: undefined };
  const copied = runOf(later, copies, failures.filter(isCopied), { registries: [], totals: replication });
  return { ...given, run, replication: copied };
}

function isAttached({ attached }: ReportedImage): boolean {
  return attached === true;
}

function factsOf({ kpromo: version, mode, started, ms, aborted, phases, tagsLast }: Parts): RunFacts {
  return { version, mode, started, ms, aborted, phases: phases.map(phaseOf), tagsLast };
}

/** Names of phases are open in documents, and only shown. */
function phaseOf({ name, ...time }: ReportDocument['phases'][number]): PhaseTime {
  return { name: name as PhaseName, ...time };
}

type RunParts = Pick<RunReport, 'registries' | 'totals' | 'warnings' | 'change' | 'inventory'>;

function runOf(
  facts: RunFacts,
  listed: readonly ReportedImage[],
  failures: readonly Failure[],
  parts: RunParts,
): RunReport {
  const images = listed.map(imageOf);
  return { run: facts, images, failures: [...stoppedProblem(facts, images), ...failures], ...parts };
}

function imageOf({ attached: _attached, targets, ...image }: ReportedImage): ImageReport {
  return { ...image, targets: targets.map(({ mirror: _mirror, ...target }) => target) };
}

/** Codes are open in documents; one that is unknown here is only shown. */
function failureOf({ code, file, line, column, cause: _cause, places, ...problem }: ReportedProblem): Failure {
  const [before, now] = (places ?? []).map(placeOf);
  const { image, digest, source, refs, inBase, ...more } = problem;
  return {
    ...more,
    code: code as ErrorCode,
    ...(file !== undefined && { at: { file, line: line ?? 1, column: column ?? 1 } }),
    ...(image !== undefined && { image }),
    ...(digest !== undefined && { digest }),
    ...(source !== undefined && { source }),
    ...(refs !== undefined && { refs }),
    ...(inBase !== undefined && { inBase }),
    ...(before !== undefined && now !== undefined && { places: [before, now] }),
  };
}

function placeOf({ file, line, column, ...place }: NonNullable<ReportedProblem['places']>[number]): TagPlace {
  return { ...place, at: { file, line, column } };
}

const NO_STATUS = { verified: 0, untrusted: 0, failed: 0, unverifiable: 0, unsigned: 0 };

function checkOf({ check, totals }: Parts, run: RunFacts, failures: readonly Failure[]): SigcheckReport {
  const { images, copied, requests, bytes } = totals;
  const { beyond = 0, signatures = NO_STATUS, records = NO_STATUS, signed = 0, recorded = 0 } = check ?? {};
  const counts = { digests: images, beyond, signatures, records, signed, recorded, copied };
  return {
    run,
    rows: (check?.findings ?? []) as SigcheckReport['rows'],
    view: check?.view,
    failures: [...stoppedOf(run), ...failures],
    totals: { ...counts, pending: 0, requests, bytes },
  };
}

function auditOf({ audit, totals }: Parts, run: RunFacts, failures: readonly Failure[]): AuditReport {
  const { images, repositories, requests, bytes }: Totals = totals;
  const { findings = [], notes = [], baseline } = audit ?? {};
  const known = findings.filter((finding) => finding.known !== undefined).length;
  // The sum would count a finding of two shards twice.
  const pending = findings.length - known;
  return {
    run,
    failures: [...stoppedOf(run), ...failures],
    images,
    repositories,
    findings,
    notes,
    ...(baseline !== undefined && { baseline }),
    totals: { images, repositories, pending, known, requests, bytes },
  };
}

function stoppedOf(run: RunFacts): readonly Failure[] {
  return stoppedProblem(run, []);
}

import { hostOf, refsOf, tagOf } from '../image/reference.ts';
import type { PlannedImage, PromotedImage } from '../phases/images.ts';
import type { Plan } from '../phases/plan.ts';
import type { Traffic } from '../phases/traffic.ts';
import type { Failure } from '../errors.ts';
import type {
  ImageReport,
  RegistryReport,
  RunFacts,
  RunReport,
  SignatureReport,
  TargetReport,
  Totals,
} from '../pipeline/run-report.ts';
import { changeReport, detailsOf } from './planned.ts';
import { provenanceOf } from './proven.ts';
import { signaturesOf, signingTotals } from './signed.ts';
import { stagesOf, type Reached } from './stages.ts';
import { vulnerabilitiesOf } from './vulnerable.ts';

export type { Reached } from './stages.ts';

/** Makes the one report of a run from the output of its last phase. */
export function buildReport(run: RunFacts, reached: Reached, traffic: Traffic['hosts']): RunReport {
  const stages = stagesOf(reached);
  const { plan, provenance, validation, promotion } = stages;
  const failures = reached?.failures ?? [];
  const signatures = signaturesOf(stages);
  const due: Reported[] =
    promotion === undefined
      ? ((validation ?? provenance ?? plan)?.images.map(pendingReport) ?? [])
      : promotion.images.map(promotedReport);
  const refused = withRefused(withSignatures(due, signatures), failures);
  const proven = provenanceOf(stages);
  const scanned = vulnerabilitiesOf(stages);
  const details = detailsOf(stages);
  const images = refused.map((image) => ({ ...image, ...details(image), ...proven(image), ...scanned(image) }));
  const registries = registriesOf(plan, failures, traffic);
  const signing = signingTotals(stages);
  const totals = totalsOf(reached, plan, images, registries);
  const { diff, warnings = [] } = (reached?.phase === 'setup' ? reached : plan) ?? {};
  return {
    run,
    registries,
    images,
    failures,
    ...(warnings.length > 0 && { warnings }),
    totals: { ...totals, ...(signing !== undefined && { signing }) },
    ...(diff !== undefined && { change: changeReport(diff) }),
  };
}

/** The phases that take images out before anything is written. */
const BEFORE_PROMOTION: readonly string[] = ['plan', 'provenance', 'validate'];

type Reported = { readonly wanted: PlannedImage['wanted']; readonly report: ImageReport };

/** Adds what became of their signing; of images that were not due, what lacked something of it. */
function withSignatures(
  due: readonly Reported[],
  signatures: ReadonlyMap<PlannedImage['wanted'], SignatureReport>,
): ImageReport[] {
  const known = new Set(due.map(({ wanted }) => wanted));
  const others = [...signatures.keys()].filter((wanted) => !known.has(wanted));
  return [...due, ...others.map((wanted) => imageReport(wanted, 0, []))].map(({ wanted, report }) => {
    const signature = signatures.get(wanted);
    return signature === undefined ? report : { ...report, signature };
  });
}

function imageReport(wanted: PlannedImage['wanted'], sourceReads: number, targets: readonly TargetReport[]): Reported {
  const { name, digest, tags, source, at } = wanted;
  const place = { source: `${source}@${digest}`, file: at.file, line: at.line };
  return { wanted, report: { name, digest, tags, ...place, sourceReads, targets } };
}

function pendingReport({ wanted, targets }: Pick<PlannedImage, 'wanted' | 'targets'>): Reported {
  const reports = targets.flatMap(({ repository, tags, action }) =>
    refsOf(repository, tags, wanted.digest).map((ref): TargetReport => ({
      ref,
      action,
      pending: true,
      attempts: 0,
      requests: 0,
      bytes: 0,
      ms: 0,
    })),
  );
  return imageReport(wanted, 0, reports);
}

function promotedReport({ wanted, results, sourceReads }: PromotedImage): Reported {
  const reports = results.flatMap(({ repository, tags, action, error, attempts, requests, bytes, ms }) =>
    // What a mirror cost is told once, with its first reference.
    refsOf(repository, tags, wanted.digest).map((ref, index): TargetReport => ({
      ref,
      action: error === undefined ? (index === 0 ? action : 'tag') : 'failed',
      ...(error !== undefined && { reason: error.message, code: error.code }),
      attempts,
      requests: index === 0 ? requests : 0,
      bytes: index === 0 ? bytes : 0,
      ms,
    })),
  );
  return imageReport(wanted, sourceReads, reports);
}

/** Adds what could not be promoted, or was not let through: to the image's report where parts of it are due, else as one of its own. */
function withRefused(due: readonly ImageReport[], failures: readonly Failure[]): readonly ImageReport[] {
  const reports = new Map(due.map((report) => [`${report.file} ${report.source}`, report]));
  for (const { phase, code, message, at, image, digest, source, refs = [] } of failures) {
    if (!BEFORE_PROMOTION.includes(phase) || at === undefined || source === undefined) continue;
    const targets = refs.map((ref): TargetReport => ({
      ref,
      action: 'failed',
      reason: message,
      code,
      attempts: 0,
      requests: 0,
      bytes: 0,
      ms: 0,
    }));
    // one file wants a digest of a source once, however many entries name it
    const key = `${at.file} ${source}`;
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

function registriesOf(
  plan: Plan | undefined,
  failures: readonly Failure[],
  traffic: Traffic['hosts'],
): RegistryReport[] {
  const repositories = countBy(plan?.repositories ?? []);
  const unread = countBy(
    failures.filter(({ phase, source }) => phase === 'plan' && source === undefined).flatMap(({ refs = [] }) => refs),
  );
  const unwritten = countBy(failures.filter(({ phase }) => phase === 'promote').flatMap(({ refs = [] }) => refs));
  const hosts = new Set([...repositories.keys(), ...traffic.keys()]);
  return [...hosts].toSorted().map((host) => ({
    host,
    repositories: repositories.get(host) ?? 0,
    failed: (unread.get(host) ?? 0) + (unwritten.get(host) ?? 0),
    requests: traffic.get(host)?.requests ?? 0,
    bytes: traffic.get(host)?.bytes ?? 0,
  }));
}

function countBy(refs: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const ref of refs) counts.set(hostOf(ref), (counts.get(hostOf(ref)) ?? 0) + 1);
  return counts;
}

function totalsOf(
  reached: Reached,
  plan: Plan | undefined,
  images: readonly ImageReport[],
  registries: readonly RegistryReport[],
): Totals {
  const targets = images.flatMap((image) => image.targets);
  const count = (wanted: (target: TargetReport) => boolean): number => targets.filter(wanted).length;
  const named =
    reached?.phase === 'setup'
      ? reached.sets.reduce((sum, { images: set }) => sum + set.length, 0)
      : (plan?.named ?? 0);
  const diff = reached?.phase === 'setup' ? reached.diff : plan?.diff;
  return {
    images: named,
    ...(diff !== undefined && { unchanged: diff.unchanged }),
    repositories: plan?.repositories.length ?? 0,
    present: plan?.present ?? 0,
    pending: count(({ pending }) => pending === true),
    copied: count(({ action, pending }) => action === 'copy' && pending !== true),
    tagged: count(({ action, pending }) => action === 'tag' && pending !== true),
    failed: count(({ action }) => action === 'failed'),
    requests: registries.reduce((sum, { requests }) => sum + requests, 0),
    bytes: registries.reduce((sum, { bytes }) => sum + bytes, 0),
    sourceReads: images.reduce((sum, { sourceReads }) => sum + sourceReads, 0),
  };
}

import { hostOf } from '../../image/reference.ts';
import type { Plan } from '../../phases/plan.ts';
import type { InventoryUse } from '../../phases/plan/inventory-cache.ts';
import type { Traffic } from '../../phases/reading/traffic.ts';
import type { Failure } from '../../errors.ts';
import { failuresOf } from '../../pipeline/pipeline.ts';
import type { ImageReport, InventoryReport, RegistryReport, RunReport, TargetReport, Totals } from '../model/report.ts';
import type { RunFacts } from '../../pipeline/run-facts.ts';
import { imageReports } from '../image-reports.ts';
import { isPromoted, mirrorFinder } from '../mirrors.ts';
import { changeReport, plannedOf } from './planned.ts';
import { provenanceOf } from './proven.ts';
import { signaturesOf, signingTotals } from './signed.ts';
import type { Outputs } from '../outputs.ts';
import { stoppedProblem } from '../stopped.ts';
import { vulnerabilitiesOf } from '../terminal/vulnerabilities.ts';

/** Builds the report of a run from the outputs of the phases that ran. */
export function buildReport(run: RunFacts, outputs: Outputs, traffic: Traffic['hosts']): RunReport {
  const failures = failuresOf(outputs);
  const { diff, warnings = [] } = outputs.loaded ?? {};
  const images = imagesOf(outputs, failures, warnings);
  const registries = registriesOf(outputs.plan, failures, traffic);
  const signing = signingTotals(outputs);
  const totals = totalsOf(outputs, images, registries);
  return {
    run,
    registries,
    images,
    failures: [...stoppedProblem(run, images), ...failures],
    warnings: warnings.length > 0 ? warnings : undefined,
    totals: { ...totals, signing },
    inventory: outputs.plan?.inventory && inventoryReport(outputs.plan.inventory),
    change: diff && changeReport(diff),
  };
}

function imagesOf(
  outputs: Outputs,
  failures: readonly Failure[],
  warnings: readonly Failure[],
): readonly ImageReport[] {
  const bare = imageReports(outputs, signaturesOf(outputs), failures);
  const disputes = [...failures, ...warnings].filter(({ code }) => code === 'TAG_CONFLICT');
  const mirrorsOf = mirrorFinder(bare, new Set(disputes.flatMap(({ refs = [] }) => refs)));
  const planned = plannedOf(outputs);
  const proven = provenanceOf(outputs);
  const scanned = vulnerabilitiesOf(outputs);
  return bare.map((image) => {
    const { known, size } = planned(image);
    const mirrors = mirrorsOf(image, known);
    return {
      ...image,
      mirrors: mirrors.length > 0 ? mirrors : undefined,
      size,
      ...proven(image),
      ...scanned(image),
    };
  });
}

function registriesOf(
  plan: Plan | undefined,
  failures: readonly Failure[],
  traffic: Traffic['hosts'],
): RegistryReport[] {
  const repositories = countBy(plan?.repositories ?? []);
  const unread = countBy(unreadRepositories(failures));
  const unwritten = countBy(failures.filter(({ phase }) => phase === 'promote').flatMap(({ refs = [] }) => refs));
  const hosts = new Set([...repositories.keys(), ...traffic.keys()]);
  return [...hosts].toSorted().map((host) => ({
    host,
    repositories: repositories.get(host) ?? 0,
    failed: (unread.get(host) ?? 0) + (unwritten.get(host) ?? 0),
    unread: unread.get(host) ?? 0,
    requests: traffic.get(host)?.requests ?? 0,
    bytes: traffic.get(host)?.bytes ?? 0,
  }));
}

/** Returns the repositories that the plan could not read. */
export function unreadRepositories(failures: readonly Failure[]): readonly string[] {
  return failures
    .filter(({ phase, source }) => phase === 'plan' && source === undefined)
    .flatMap(({ refs = [] }) => refs);
}

function inventoryReport({ believed, since, checked, changed, wrong }: InventoryUse): InventoryReport {
  return {
    believed,
    since: since === undefined ? undefined : new Date(since).toISOString(),
    checked,
    changed,
    wrong: [...wrong],
  };
}

function countBy(refs: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const ref of refs) counts.set(hostOf(ref), (counts.get(hostOf(ref)) ?? 0) + 1);
  return counts;
}

function totalsOf(
  { loaded, plan }: Outputs,
  images: readonly ImageReport[],
  registries: readonly RegistryReport[],
): Totals {
  return {
    images: loaded?.sets.reduce((sum, set) => sum + set.images.length, 0) ?? 0,
    unchanged: loaded?.diff?.unchanged,
    repositories: plan?.repositories.length ?? 0,
    present: plan?.present ?? 0,
    ...referenceTotals(images),
    requests: registries.reduce((sum, { requests }) => sum + requests, 0),
    bytes: registries.reduce((sum, { bytes }) => sum + bytes, 0),
    sourceReads: images.reduce((sum, { sourceReads }) => sum + sourceReads, 0),
  };
}

/**
 * Counts the references of images by outcome. References on a mirror that could not be read have no target, so they are
 * counted separately.
 */
export function referenceTotals(
  images: readonly ImageReport[],
): Pick<Totals, 'pending' | 'copied' | 'tagged' | 'failed' | 'unknown' | 'promoted'> {
  const targets = images.flatMap((image) => image.targets);
  const count = (wanted: (target: TargetReport) => boolean): number => targets.filter(wanted).length;
  const unread = images.reduce((sum, image) => sum + unreadReferences(image), 0);
  return {
    pending: count(({ pending }) => pending === true),
    copied: count(({ action, pending }) => action === 'copy' && pending !== true),
    tagged: count(({ action, pending }) => action === 'tag' && pending !== true),
    failed: count(({ action, code }) => action === 'failed' || (action === 'unknown' && code !== 'ABORTED')) + unread,
    unknown: count(({ action }) => action === 'unknown') + unread,
    promoted: images.filter(isPromoted).length,
  };
}

function unreadReferences({ tags, mirrors = [] }: ImageReport): number {
  // only an unread mirror has a code of its own; elsewhere the targets have it
  return mirrors.filter(({ code }) => code !== undefined).length * Math.max(1, tags.length);
}

import { hostOf, refsOf } from '../../image/reference.ts';
import type { Loaded } from '../../phases/setup.ts';
import type { ReplicationPlan } from '../../phases/replication/plan.ts';
import type { Replication } from '../../phases/replication/replicate.ts';
import type { Traffic } from '../../phases/reading/traffic.ts';
import { failuresOf } from '../../pipeline/pipeline.ts';
import { outcomeOf } from '../../pipeline/outcome.ts';
import type { ImageReport, RunReport, TargetReport } from '../model/report.ts';
import type { RunFacts } from '../../pipeline/run-facts.ts';
import { actionOf } from '../image-reports.ts';
import { mirrorFinder } from '../mirrors.ts';
import { referenceTotals, unreadRepositories } from './promotion.ts';
import { stoppedProblem } from '../stopped.ts';

/** The outputs of a replication's phases; absent for phases that did not run. */
export type ReplicationOutputs = {
  readonly loaded?: Loaded;
  readonly plan?: ReplicationPlan;
  readonly replication?: Replication;
};

type Lack = ReplicationPlan['lacks'][number];
type Copied = Replication['replicated'][number];

/** Builds the report of a replication. An image in it is an attached manifest; a target is a mirror that lacked it. */
export function buildReplicationReport(
  run: RunFacts,
  outputs: ReplicationOutputs,
  traffic: Traffic['hosts'],
): RunReport {
  const { plan, replication } = outputs;
  const failures = failuresOf(outputs);
  const report = (lack: Lack, sourceReads: number, targets: readonly TargetReport[]): ImageReport => ({
    ...placeOf(lack, plan),
    digest: lack.subject,
    tags: lack.tag === undefined ? [] : [lack.tag],
    source: refOf(lack, lack.primary),
    sourceReads,
    targets,
  });
  const bare =
    replication?.replicated.map((copied) => report(copied.lack, copied.sourceReads, copiedTargets(copied))) ??
    (plan?.lacks ?? []).map((lack) => report(lack, 0, pendingTargets(lack)));
  const mirrorsOf = mirrorFinder(bare, new Set());
  const images = bare.map((image) => ({ ...image, mirrors: mirrorsOf(image, undefined) }));
  const registries = registriesOf(plan, failures, traffic);
  const totals = totalsOf(plan, images, unreadRepositories(failures).length, [...traffic.values()]);
  return { run, images, failures: [...stoppedProblem(run, images), ...failures], registries, totals };
}

function totalsOf(
  plan: ReplicationPlan | undefined,
  images: readonly ImageReport[],
  unread: number,
  meters: readonly { readonly requests: number; readonly bytes: number }[],
): RunReport['totals'] {
  const groups = plan?.groups ?? [];
  const references = referenceTotals(images);
  return {
    images: groups.reduce((sum, group) => sum + group.images.length, 0),
    repositories: groups.reduce((sum, { mirrors }) => sum + mirrors.length + 1, 0),
    present: 0,
    ...references,
    failed: references.failed + unread,
    unknown: references.unknown + unread,
    requests: meters.reduce((sum, { requests }) => sum + requests, 0),
    bytes: meters.reduce((sum, { bytes }) => sum + bytes, 0),
    sourceReads: images.reduce((sum, { sourceReads }) => sum + sourceReads, 0),
  };
}

function refOf({ tag, digest }: Lack, repository: string): string {
  return refsOf(repository, tag === undefined ? [] : [tag], digest)[0];
}

/**
 * Returns name and entry of the image with the attachment. For a platform of an index, the first image of the group.
 */
function placeOf(
  { primary, subject }: Lack,
  plan: ReplicationPlan | undefined,
): Pick<ImageReport, 'name' | 'file' | 'line'> {
  const images = plan?.groups.find((group) => group.primary === primary)?.images ?? [];
  const image = images.find(({ digest }) => digest === subject) ?? images[0];
  return { name: image?.name ?? primary, file: image?.at.file ?? '', line: image?.at.line ?? 0 };
}

function pendingTargets(lack: Lack): TargetReport[] {
  const nothing = { attempts: 0, requests: 0, bytes: 0, ms: 0 };
  return lack.mirrors.map((repository) => ({
    ref: refOf(lack, repository),
    action: 'copy',
    pending: true,
    ...nothing,
  }));
}

function copiedTargets({ lack, results }: Copied): TargetReport[] {
  return results.map(({ repository, error, isWritten, attempts, meter, ms }) => ({
    ref: refOf(lack, repository),
    ...actionOf(outcomeOf({ ...(error && { error }), ...(isWritten && { isWritten }), ...meter }), 'copy'),
    reason: error?.message,
    code: error?.code,
    attempts,
    ...meter,
    ms,
  }));
}

function registriesOf(
  plan: ReplicationPlan | undefined,
  failures: RunReport['failures'],
  traffic: Traffic['hosts'],
): RunReport['registries'] {
  const repositories = new Map<string, Set<string>>();
  for (const { primary, mirrors } of plan?.groups ?? []) {
    for (const name of [primary, ...mirrors]) {
      const host = hostOf(name);
      repositories.set(host, (repositories.get(host) ?? new Set()).add(name));
    }
  }
  const failed = failures.flatMap(({ refs = [] }) => refs).map(hostOf);
  const unread = unreadRepositories(failures).map(hostOf);
  return [...new Set([...repositories.keys(), ...traffic.keys()])].toSorted().map((host) => ({
    host,
    repositories: repositories.get(host)?.size ?? 0,
    failed: failed.filter((name) => name === host).length,
    unread: unread.filter((name) => name === host).length,
    requests: traffic.get(host)?.requests ?? 0,
    bytes: traffic.get(host)?.bytes ?? 0,
  }));
}

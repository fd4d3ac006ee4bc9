import type { ImageReport, RunReport } from '../model/report.ts';
import { shortDigests } from '../../text/layout.ts';
import type { Outputs } from '../outputs.ts';
import { smallest } from '../../lists.ts';

const DAY = 24 * 3600_000;

/**
 * The staging registries of Kubernetes delete older images
 * (https://github.com/kubernetes/k8s.io/tree/main/registry.k8s.io); most other registries delete nothing.
 */
const KUBERNETES = { staging: /^(?:gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)\/k8s-staging-/, keeps: 90 * DAY };

/** Images listed one by one; more are counted. */
const LISTED = 20;

type Times = {
  /** Unix milliseconds. */
  readonly now: number;
  /** The repair window: a later entry or upload is repaired. Undefined if the run does not sign. */
  readonly since: number | 'all' | undefined;
  /** Milliseconds after upload at which staging deletes an image; undefined if only the rule for Kubernetes applies. */
  readonly retention: number | undefined;
};

/**
 * Adds to each incomplete image how long a later run can complete it: while staging has it, and while it is in the
 * repair window.
 */
export function withRepairTimes(
  report: RunReport,
  { provenance }: Pick<Outputs, 'provenance'>,
  times: Times,
): RunReport {
  const uploads = new Map<string, number>();
  for (const { wanted, evidence } of [...(provenance?.images ?? []), ...(provenance?.refused ?? [])])
    if (evidence.uploadedAt !== undefined)
      uploads.set(`${wanted.at.file} ${wanted.source}@${wanted.digest}`, evidence.uploadedAt);
  const images = report.images.map((image) => {
    const days = lacksSomething(image) ? daysOf(image, uploads.get(`${image.file} ${image.source}`), times) : undefined;
    return days === undefined ? image : { ...image, repairableDays: days };
  });
  return { ...report, images };
}

/** Longer periods appear only in the report. */
const SOON = 30;

/** Returns a line for each image that a later run will soon be unable to complete. */
export function repairLines(images: readonly Pick<ImageReport, 'name' | 'digest' | 'repairableDays'>[]): string[] {
  const left = images.filter(({ repairableDays }) => repairableDays !== undefined && repairableDays <= SOON);
  const lines = left.slice(0, LISTED).map(({ name, digest, repairableDays = 0 }) => {
    const when = repairableDays > 0 ? `in ${repairableDays} days` : 'today';
    return `  ${name}@${shortDigests(digest)} will become unrepairable ${when}`;
  });
  return left.length > LISTED ? [...lines, `  and ${left.length - LISTED} more`] : lines;
}

/** Copying and carrying attestations need the image in staging; signing needs the repair window. */
function daysOf(
  image: ImageReport,
  uploadedAt: number | undefined,
  { now, since, retention }: Times,
): number | undefined {
  const keeps = retention ?? (KUBERNETES.staging.test(image.source) ? KUBERNETES.keeps : undefined);
  const isPromoted = image.targets.every(({ action, pending }) => action !== 'failed' && pending !== true);
  const ends = [
    ...(uploadedAt === undefined || keeps === undefined ? [] : [uploadedAt + keeps - now]),
    ...(isPromoted && typeof since === 'number' ? [now - since] : []),
  ];
  return ends.length === 0 ? undefined : Math.max(0, Math.floor(smallest(ends) / DAY));
}

/** Returns true if the run should have completed the image; what a dry run would do is not missing. */
function lacksSomething({ targets, signature }: ImageReport): boolean {
  if (targets.some(({ action }) => action === 'failed')) return true;
  const isPending = targets.some(({ pending }) => pending === true);
  return !isPending && (signature?.signature === 'missing' || signature?.record === 'missing');
}

import type { ImageReport, RunReport } from '../model/report.ts';
import { shortDigests } from '../../text/layout.ts';
import type { Outputs } from '../outputs.ts';
import { smallest } from '../../lists.ts';

const DAY = 24 * 3600_000;

/** The staging registries of Kubernetes delete what is older (https://github.com/kubernetes/k8s.io/tree/main/registry.k8s.io); most others delete nothing. */
const KUBERNETES = { staging: /^(?:gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)\/k8s-staging-/, keeps: 90 * DAY };

/** Images that are told of one by one. */
const LISTED = 20;

type Times = {
  /** Unix milliseconds. */
  readonly now: number;
  /** What entered later is looked at for repair; undefined where nothing is signed. */
  readonly since: number | 'all' | undefined;
  /** Milliseconds after its upload at which staging deletes an image; undefined if only the built-in rule for Kubernetes applies. */
  readonly retention: number | undefined;
};

/** Tells of each image that still lacks something how long a later run can make up for it: while staging has it, and while it is looked at. */
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

/** More days than this hurry nobody: the report alone has them. */
const SOON = 30;

/** A line for each image that will soon be beyond repair. */
export function repairLines(images: readonly Pick<ImageReport, 'name' | 'digest' | 'repairableDays'>[]): string[] {
  const left = images.filter(({ repairableDays }) => repairableDays !== undefined && repairableDays <= SOON);
  const lines = left.slice(0, LISTED).map(({ name, digest, repairableDays = 0 }) => {
    const when = repairableDays > 0 ? `in ${repairableDays} days` : 'today';
    return `  ${name}@${shortDigests(digest)} will become unrepairable ${when}`;
  });
  return left.length > LISTED ? [...lines, `  and ${left.length - LISTED} more`] : lines;
}

/** Staging is needed for what is not promoted, and for what its attestations tell; repair looks at what entered recently. */
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

/** What a dry run would do is not lacking by any fault. */
function lacksSomething({ targets, signature }: ImageReport): boolean {
  if (targets.some(({ action }) => action === 'failed')) return true;
  const isPending = targets.some(({ pending }) => pending === true);
  return !isPending && (signature?.signature === 'missing' || signature?.record === 'missing');
}

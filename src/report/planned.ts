import type { LoadedDiff } from '../phases/setup.ts';
import type { ChangeReport, ImageChangeReport } from '../pipeline/change-report.ts';
import type { ImageReport } from '../pipeline/run-report.ts';
import type { Stages } from './stages.ts';

/** What the plan found out about each image that lacked something, by its file and source. */
export function detailsOf({
  plan,
}: Pick<Stages, 'plan'>): (image: ImageReport) => Pick<ImageReport, 'mirrors' | 'size'> {
  const known = new Map<string, Pick<ImageReport, 'mirrors' | 'size'>>();
  for (const [{ at, source, digest }, details] of plan?.details ?? [])
    known.set(`${at.file} ${source}@${digest}`, details);
  return ({ file, source }) => known.get(`${file} ${source}`) ?? {};
}

/** What the diff of a run says, as reports have it. */
export function changeReport({ commit, diff: { changes, removed, policyChanges } }: LoadedDiff): ChangeReport {
  return {
    ...(commit !== undefined && { commit }),
    changes: changes.map(imageChange),
    removed: removed.map(imageChange),
    ...(policyChanges.length > 0 && { settings: policyChanges }),
  };
}

function imageChange({
  kind,
  project,
  name,
  digest,
  source,
  tags,
  destinations,
}: LoadedDiff['diff']['changes'][number]): ImageChangeReport {
  return { kind, project, name, digest, source: `${source}@${digest}`, tags, mirrors: destinations };
}

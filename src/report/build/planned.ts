import type { Plan } from '../../phases/plan.ts';
import type { LoadedDiff } from '../../phases/setup/changed-since.ts';
import type { ChangeReport, ImageChangeReport, ImageReport, MirrorReport } from '../model/report.ts';
import type { Known } from '../mirrors.ts';
import type { Outputs } from '../outputs.ts';

type ImageDetails = NonNullable<Plan['details']> extends ReadonlyMap<unknown, infer Details> ? Details : never;

/** Facts that the plan found about an image that may be incomplete. */
type Planned = { readonly size?: number | undefined; readonly known?: Known };

/** Returns a lookup of these facts by file and source. All images of a set share one list of mirrors. */
export function plannedOf({ plan }: Pick<Outputs, 'plan'>): (image: Pick<ImageReport, 'file' | 'source'>) => Planned {
  const planned = new Map<string, Planned>();
  const unreadOf = new Map<ImageDetails['unread'], readonly MirrorReport[]>();
  for (const [{ at, source, digest }, { mirrors, lacking, unread, size }] of plan?.details ?? []) {
    const reports = unreadOf.get(unread) ?? unread.map(unreadReport);
    unreadOf.set(unread, reports);
    const known = { mirrors, lacking, unread: reports };
    planned.set(`${at.file} ${source}@${digest}`, { known, size });
  }
  return ({ file, source }) => planned.get(`${file} ${source}`) ?? {};
}

function unreadReport({ name, error: { code, message: reason } }: ImageDetails['unread'][number]): MirrorReport {
  return { name, state: 'unknown', code, reason };
}

/** Converts the diff of a run to its form in reports. */
export function changeReport({ commit, diff: { changes, removed, policyChanges } }: LoadedDiff): ChangeReport {
  return {
    commit,
    changes: changes.map(imageChange),
    removed: removed.map(imageChange),
    settings: policyChanges.length > 0 ? policyChanges : undefined,
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

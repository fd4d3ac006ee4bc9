import type { Failure } from '../errors.ts';
import type { DiffBase } from '../manifest/diff-base.ts';
import type { LoadedManifests } from '../manifest/manifest.ts';
import { diffTrees, type TreeDiff } from '../manifest/tree-diff.ts';
import type { Context } from '../pipeline/phase.ts';
import { askedBy } from '../plan/asked.ts';
import { alsoAskedBy } from '../plan/asked-before.ts';
import { countImages, type ImageSet } from '../plan/desired.ts';
import { touchedBy } from '../plan/touched.ts';
import { wantedBy } from '../plan/wanted.ts';
import { lostPolicies } from '../manifest/lost-policies.ts';
import { checkPrimaries, type PrimaryRules } from './check-primary.ts';
import { problemFailure } from './problem-failure.ts';
import { tellDiff } from './tell-diff.ts';
import { tellFailures } from './tell.ts';

/** The tree before, and how the tree differs from it. */
export type LoadedDiff = {
  readonly base: LoadedManifests;
  /** Undefined when there was nothing before. */
  readonly commit?: string;
  readonly diff: TreeDiff;
  /** All that the tree wants: an image that did not change may dispute a tag of one that did. */
  readonly all: readonly ImageSet[];
  /** How many images that makes besides those that are looked at. */
  readonly unchanged: number;
};

/** Finds what the tree wants that it did not want before, and holds back images whose primary changes unaccepted. */
export function changedSince(
  before: DiffBase,
  head: LoadedManifests,
  primary: PrimaryRules,
  context: Context,
): { readonly sets: readonly ImageSet[]; readonly failures: readonly Failure[]; readonly diff: LoadedDiff } {
  const { base, commit } = before;
  const { projects } = head;
  const isNew = base.projects.length + base.problems.length === 0;
  // where nothing was before, everything is new, and nothing is loosened
  const all = wantedBy(projects, isNew ? askedBy(head) : alsoAskedBy(askedBy(head), projects, base));
  const { failures: moved, held, settings } = checkPrimaries(wantedBy(base.projects), all, primary);
  const failures = [...lostPolicies(base, head).map(problemFailure), ...moved];
  const found = diffTrees(base.projects, projects);
  const diff = { ...found, policyChanges: [...found.policyChanges, ...settings] };
  tellDiff(diff, before, context);
  tellFailures(failures, context);
  const unchanged = countImages(all) - countImages(touchedBy(all, diff.changes));
  const free = all.filter((set) => !held.has(set));
  return {
    sets: touchedBy(free, diff.changes),
    failures,
    diff: { base, ...(commit !== undefined && { commit }), diff, all, unchanged },
  };
}

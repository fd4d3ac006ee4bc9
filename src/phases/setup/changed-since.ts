import type { Failure } from '../../errors.ts';
import type { DiffBase } from '../../manifest/history/diff-base.ts';
import type { LoadedManifests } from '../../manifest/manifest.ts';
import { changedProjects, diffTrees, type TreeDiff } from '../../manifest/diff/tree-diff.ts';
import { policiesBy, type PoliciesFor } from '../../plan/desired/policies.ts';
import { withBasePolicies } from '../../plan/desired/base-policies.ts';
import type { PhaseEvent } from '../../pipeline/phase-events.ts';
import { countImages, type ImageSet } from '../../plan/desired/desired.ts';
import { touchedBy } from '../../plan/touched.ts';
import { wantedBy } from '../../plan/desired/wanted.ts';
import { lostPolicies } from '../../manifest/lost-policies.ts';
import { checkPrimaries, type PrimaryRules } from './check-primary.ts';
import { problemFailure } from './problem-failure.ts';

/** The base, and how the tree differs from it. */
export type LoadedDiff = {
  readonly base: LoadedManifests;
  /** Undefined if there is no base. */
  readonly commit?: string | undefined;
  readonly diff: TreeDiff;
  /** All images of the tree, or of its share: one that did not change may dispute a tag of one that did. */
  readonly all: readonly ImageSet[];
  /** The number of images outside of the run. */
  readonly unchanged: number;
};

/** Returns the policies of images: those of the tree, and those of the base if there is one. */
export function askedSince(before: DiffBase | undefined, head: LoadedManifests): PoliciesFor {
  const asked = policiesBy(head);
  // without a base everything is new, and nothing is loosened
  const isNew = before === undefined || before.base.projects.length + before.base.problems.length === 0;
  return isNew ? asked : withBasePolicies(asked, head.projects, before.base);
}

/**
 * Finds the images of the tree (`all`) that the base does not have, and holds back those whose primary changes without
 * acceptance. Returns only those of the run (`isMine`).
 */
export function changedSince(
  before: DiffBase,
  head: LoadedManifests,
  all: readonly ImageSet[],
  primary: PrimaryRules,
  isMine: (set: ImageSet) => boolean,
): { readonly sets: readonly ImageSet[]; readonly failures: readonly Failure[]; readonly diff: LoadedDiff } {
  const { base, commit } = before;
  const { failures: moved, held, settings } = checkPrimaries(...mayDiffer(base, head, all), primary);
  const failures = [...lostPolicies(base, head).map(problemFailure), ...moved];
  const found = diffTrees(base.projects, head.projects);
  const diff = { ...found, policyChanges: [...found.policyChanges, ...settings] };
  const mine = all.filter(isMine);
  const unchanged = countImages(mine) - countImages(touchedBy(mine, diff.changes));
  const free = mine.filter((set) => !held.has(set));
  return {
    sets: touchedBy(free, diff.changes),
    failures,
    diff: { base, commit, diff, all: mine, unchanged },
  };
}

/** Returns the event of a comparison; `standing` problems of the base are also in the tree. */
export function treeCompared(diff: LoadedDiff, { base, isDirty }: DiffBase, standing: number): PhaseEvent {
  return { type: 'tree-compared', ...diff, isDirty, mended: base.problems.length - standing };
}

/** Returns the images of changed projects, and those of the same names in the base: no other image can get another primary. */
function mayDiffer(
  { projects: base }: LoadedManifests,
  { projects: head }: LoadedManifests,
  all: readonly ImageSet[],
): readonly [before: readonly ImageSet[], after: readonly ImageSet[]] {
  const lists = new Set<ImageSet['listed']>(changedProjects(head, base).map(({ destinations }) => destinations));
  const after = all.filter(({ listed }) => listed !== undefined && lists.has(listed));
  const names = new Set(after.map(({ name }) => name));
  const named = base.map((project) => ({ ...project, images: project.images.filter(({ name }) => names.has(name)) }));
  return [wantedBy(named), after];
}

import type { Failure } from '../errors.ts';
import type { Phase } from '../pipeline/phase.ts';
import type { DiffBase } from '../manifest/history/diff-base.ts';
import type { Problem } from '../manifest/manifest.ts';
import { newWarnings, standingProblems } from '../manifest/standing-problems.ts';
import type { ImageSet } from '../plan/desired/desired.ts';
import { findDisputes } from '../plan/disputes.ts';
import type { SharedManifests } from '../sharding/load-share.ts';
import { wantedBy } from '../plan/desired/wanted.ts';
import { askedSince, changedSince, treeCompared, type LoadedDiff } from './setup/changed-since.ts';
import { movedTags, type HistoryServices } from './setup/moved-tags.ts';
import { checkChosen } from './setup/check-chosen.ts';
import type { PrimaryRules } from './setup/check-primary.ts';
import { policiesLoaded } from './setup/policies-loaded.ts';
import { asInBase, problemFailure } from './setup/problem-failure.ts';

/** The wanted images of a tree, and the problems that do not depend on registries. */
export type Loaded = {
  /** The images of the run: all of the tree or of its share, or those that the diff touches. */
  readonly sets: readonly ImageSet[];
  readonly failures: readonly Failure[];
  /** Problems that do not change the exit code: those of the base, and settings without an effect. */
  readonly warnings?: readonly Failure[];
  /** Defined if the run looks only at changes. */
  readonly diff?: LoadedDiff | undefined;
  readonly share?: SharedManifests['share'];
};

export type SetupServices = HistoryServices & {
  /** Reads the manifest tree; returns invalid content as problems. */
  readonly load: () => Promise<SharedManifests>;
  /** Reads the base, if only changes are to be promoted; throws GIT. */
  readonly loadBase?: () => Promise<DiffBase>;
  /** Why a run with `--confirm` would not start, for a dry run to report. Default: none. */
  readonly refusals?: readonly Failure[];
  readonly primary?: PrimaryRules | undefined;
};

/** Loads the manifests and finds their problems without sending a request. With a diff, problems of the base fail nothing. */
export const setup = ({
  load,
  loadBase,
  refusals = [],
  primary = {},
  ...history
}: SetupServices): Phase<object, 'loaded', Loaded> => ({
  name: 'setup',
  gives: 'loaded',
  run: async (_, { emit }) => {
    const loaded = await load();
    const { projects, problems, share } = loaded;
    const before = problems.some(({ code }) => code === 'MANIFEST_NOT_FOUND') ? undefined : await loadBase?.();
    const isMine = ({ source }: ImageSet): boolean => share?.isMine(source) ?? true;
    const wanted = wantedBy(projects, askedSince(before, loaded));
    const changed = before && changedSince(before, loaded, wanted, primary, isMine);
    const mine = wanted.filter(isMine);
    const disputes = findDisputes(mine, changed?.diff.diff.changes);
    const moved = await movedTags(loaded, wanted, { before, diff: changed?.diff }, history);
    const standing = before ? await standingProblems(before.base, loaded, before.changed) : new Set<Problem>();
    const failures = [
      ...problems.filter((problem) => !standing.has(problem)).map(problemFailure),
      ...disputes.failures,
      ...moved.failures,
      ...refusals,
      ...(changed?.failures ?? []),
    ];
    const inBase = [...[...standing].map(problemFailure), ...disputes.standing, ...moved.standing].map(asInBase);
    const leftovers = before ? newWarnings(before.base, loaded) : (loaded.warnings ?? []);
    const warnings = [...inBase, ...leftovers.map(problemFailure), ...moved.warnings];
    if (changed) emit(treeCompared(changed.diff, before, standing.size));
    emit({ type: 'failures', failures });
    emit({ type: 'warnings', warnings });
    emit(policiesLoaded(loaded));
    checkChosen(loaded, primary);
    if (share) emit({ type: 'share-chosen', share });
    return { sets: changed?.sets ?? mine, failures, warnings, diff: changed?.diff, share };
  },
  // without a readable project there is nothing to ask registries for
  isLast: ({ sets, failures, diff }) => failures.length > 0 && (diff?.all ?? sets).length === 0,
});

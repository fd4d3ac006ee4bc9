import type { Failure } from '../../errors.ts';
import type { Pattern } from '../../image/pattern.ts';
import { joinRepository } from '../../image/reference.ts';
import type { PolicyChange } from '../../manifest/diff/policy-changes.ts';
import type { AttachmentRule } from '../../plan/places/attachments.ts';
import type { ImageSet } from '../../plan/desired/desired.ts';
import { primaryChanges, type PrimaryChange } from '../../plan/places/primary-changes.ts';
import { publicNameOf, type PublicName } from '../../plan/places/public-name.ts';

/** The settings of the primary registry, and how a run treats a change of it. */
export type PrimaryRules = {
  /** The pattern of the chosen primary. */
  readonly chosen?: Pattern | undefined;
  /** True if it is chosen on the command line, and not in the registry configuration. */
  readonly isFlag?: boolean;
  readonly publicNames?: readonly PublicName[];
  readonly attachments?: readonly AttachmentRule[];
  /** True if a change is a problem: the run signs, and the change is not accepted. */
  readonly refusesChanges?: boolean;
};

type CheckedPrimaries = {
  readonly failures: readonly Failure[];
  /** The images that are not promoted until the change is accepted. */
  readonly held: ReadonlySet<ImageSet>;
  readonly settings: readonly PolicyChange[];
};

/** Finds the images whose primary changed. */
export function checkPrimaries(
  base: readonly ImageSet[],
  head: readonly ImageSet[],
  { chosen, publicNames, refusesChanges = false }: PrimaryRules,
): CheckedPrimaries {
  const changes = primaryChanges(base, head, chosen);
  const refused = refusesChanges ? changes : [];
  return {
    failures: refused.map((change) => failureOf(change, publicNames)),
    held: new Set(refused.flatMap(({ sets }) => sets)),
    settings: changes.map(({ project, before, after, at }) => ({
      kind: 'primary',
      project,
      file: at?.file ?? '',
      before,
      after,
    })),
  };
}

function failureOf({ project, before, after, at, sets }: PrimaryChange, publicNames?: readonly PublicName[]): Failure {
  const [first] = sets;
  const [was, is] = [before, after].map((registry) =>
    publicNameOf(joinRepository(registry, first?.name ?? ''), publicNames),
  );
  const images = `${sets.length} ${sets.length === 1 ? 'image' : 'images'}`;
  const names =
    was === is ? `the mirrors follow ${after}` : `signatures are made for ${is}, those there are for ${was}`;
  return {
    phase: 'setup',
    code: 'PRIMARY_CHANGED',
    message: `the primary registry of project ${project} changes from ${before} to ${after} (${images}): ${names}`,
    hint: `keep ${before} first, or name the primary with --primary-registry; if the change is meant, add --accept-primary-change`,
    ...(at !== undefined && { at }),
  };
}

import type { AskedRef } from '../../image/asked-ref.ts';
import type { LoadedManifests } from '../../manifest/manifest.ts';
import { joinRepository, type RepositoryName } from '../../image/reference.ts';
import { checksOf, placeOf, type Checked, type CheckedPlace, type CheckRules } from '../checks.ts';
import { placeBehind } from '../places/client-name.ts';
import { policiesBy } from '../desired/policies.ts';
import { tagAt, type ImageSet } from '../desired/desired.ts';
import { wantedBy } from '../desired/wanted.ts';
import type { EntryFact } from './facts.ts';
import { entriesNamed, treeNames, type Named, type TreeNames } from './find-entries.ts';

/** What a tree says about a reference. */
export type LookedUp = {
  readonly names: TreeNames;
  /** The images with the name of the reference. */
  readonly sets: readonly ImageSet[];
  readonly named: readonly Named[];
};

/** Finds the entries of a tree that a reference means. */
export function lookUp(loaded: LoadedManifests, ref: AskedRef, rules: CheckRules): LookedUp {
  const names = treeNames(wantedBy(loaded.projects, policiesBy(loaded)), rules);
  const sets = names.at(ref.repository);
  return { names, sets, named: entriesNamed(sets, ref) };
}

/** Returns the digest of entries with all of its repositories, the one with the given name first; undefined for none. */
export function checkOf(named: readonly Named[], { repository }: AskedRef, rules: CheckRules): Checked | undefined {
  const digest = named[0]?.image.digest;
  const images = named.filter(({ image }) => image.digest === digest);
  const checks = checksOf(
    images.map(({ set, image }) => ({ ...set, images: [image] })),
    rules,
  );
  const isAt = ({ repository: primary, mirrors, routed = [] }: Checked): boolean =>
    [primary, ...mirrors, ...routed].includes(repository);
  return checks.find(isAt) ?? checks[0];
}

/** Returns entries with their places: that of the tag, if one is named. */
export function entryFacts(named: readonly Named[], { tag }: AskedRef): readonly EntryFact[] {
  return named.map(({ set, image }) => ({
    project: set.project,
    at: tag !== undefined && image.tags.includes(tag) ? tagAt(image, tag) : image.at,
    source: image.source,
    digest: image.digest,
    tags: image.tags,
  }));
}

/** Returns where images of this name are: as the tree says, else as the rules for names do. */
export function placeNamed({ sets }: LookedUp, ref: AskedRef, rules: CheckRules): CheckedPlace {
  const listed = checksOf(
    sets.map((set) => ({ ...set, images: set.images.slice(0, 1) })),
    rules,
  );
  const [first] = listed;
  return first ?? placeOf([], { repository: placeBehind(ref.repository, rules) ?? ref.repository }, rules);
}

/** Returns the repository to look a reference up in: the named one, unless it is only a public name. */
export function repositoryToAsk(looked: LookedUp, ref: AskedRef, rules: CheckRules): RepositoryName {
  const { repository } = ref;
  const isPlace = looked.sets.some(
    ({ source, destinations, name }) =>
      source === repository || destinations.some((registry) => joinRepository(registry, name) === repository),
  );
  return isPlace ? repository : placeNamed(looked, ref, rules).repository;
}

import { PromotionError } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import { joinRepository, splitRepository, type RepositoryName } from '../image/reference.ts';
import type { AskedRef } from '../image/asked-ref.ts';
import { hasCopies } from './places/attachments.ts';
import { clientNameOf, placeBehind, type ClientNameRules } from './places/client-name.ts';
import type { ImageSet, WantedImage } from './desired/desired.ts';
import { primaryOf } from './places/primary.ts';
import { formerNamesOf, publicNameOf } from './places/public-name.ts';
import { attachedBy } from './replication.ts';

/** The repositories of an image, and the name in its signatures. */
export type CheckedPlace = {
  /** The repository on the primary registry. */
  readonly repository: RepositoryName;
  readonly mirrors: readonly RepositoryName[];
  /** Other mirrors whose clients are routed to the primary for attachments. */
  readonly routed?: readonly RepositoryName[] | undefined;
  /** The name that clients use, if their view is checked. */
  readonly through?: RepositoryName | undefined;
  /** The name under which people pull it. */
  readonly reference: RepositoryName;
  /** Former names that its signatures may contain, if the registry configuration lists any. */
  readonly formerReferences?: readonly RepositoryName[];
};

/** One digest whose signatures and record are checked, in all of its repositories. */
export type Checked = CheckedPlace & {
  readonly name: string;
  readonly digest: Digest;
  /** The tags of all its entries there, sorted; for a digest without an entry, the requested tag. */
  readonly tags: readonly string[];
  /** The first entry; undefined for a digest that no manifest names. */
  readonly wanted?: WantedImage;
};

export type CheckRules = ClientNameRules;

/** Returns the digests of a tree to check, each once per primary repository. Omits attachments. */
export function checksOf(sets: readonly ImageSet[], rules: CheckRules): Checked[] {
  const { primary, publicNames, attachments } = rules;
  const mirrors = new Map<RepositoryName, Set<RepositoryName>>();
  const checks = new Map<string, Checked>();
  for (const { destinations, name, images } of sets) {
    const registry = primaryOf(destinations, primary);
    if (registry === undefined) continue;
    const repository = joinRepository(registry, name);
    const reference = publicNameOf(repository, publicNames);
    for (const wanted of images) {
      if (wanted.tags.length > 0 && wanted.tags.every((tag) => attachedBy(tag) !== undefined)) continue;
      const key = `${repository}@${wanted.digest}`;
      const { digest } = wanted;
      const known = checks.get(key) ?? { name, repository, reference, digest, wanted, tags: [], mirrors: [] };
      checks.set(key, { ...known, tags: [...new Set([...known.tags, ...wanted.tags])].toSorted() });
      const others = mirrors.get(key) ?? new Set<RepositoryName>();
      mirrors.set(key, others);
      for (const other of destinations) if (other !== registry) others.add(joinRepository(other, name));
    }
  }
  return [...checks].map(([key, check]) => {
    const others = [...(mirrors.get(key) ?? [])];
    const copied = others.filter((mirror) => hasCopies(mirror, attachments));
    const routed = others.filter((mirror) => !copied.includes(mirror));
    const places = [check.repository, ...others];
    const more = { ...formerOf(places, check.reference, publicNames), ...throughOf(places, rules) };
    return { ...check, mirrors: copied, routed: routed.length > 0 ? routed : undefined, ...more };
  });
}

/** Returns the repositories to check for a reference: those of images of its name in the tree, else only its own. */
export function placeOf(checks: readonly Checked[], { repository: named }: AskedRef, rules: CheckRules): CheckedPlace {
  const { publicNames, through } = rules;
  const group = checks.filter((check) => isNamed(check, named));
  const [first] = group;
  if (first === undefined) {
    const isClients = through !== undefined && named.startsWith(`${through}/`);
    const repository = isClients ? (placeBehind(named, rules) ?? noPlace(named)) : named;
    const reference = publicNameOf(repository, publicNames);
    const view = isClients ? { through: named } : throughOf([repository], rules);
    return { repository, mirrors: [], reference, ...formerOf([repository], reference, publicNames), ...view };
  }
  const mirrors = [...new Set(group.flatMap((check) => check.mirrors))];
  const { name: _name, digest: _digest, tags: _tags, wanted: _wanted, ...place } = first;
  return { ...place, mirrors };
}

/** Returns all names by which references may mean the images of a set. */
export function namesOf(
  { destinations, name }: Pick<ImageSet, 'destinations' | 'name'>,
  rules: CheckRules,
): readonly RepositoryName[] {
  const registry = primaryOf(destinations, rules.primary);
  if (registry === undefined) return [];
  const primary = joinRepository(registry, name);
  const places = [primary, ...destinations.map((other) => joinRepository(other, name))];
  const through = clientNameOf(places, rules);
  return [...places, publicNameOf(primary, rules.publicNames), ...(through === undefined ? [] : [through])];
}

function noPlace(name: RepositoryName): never {
  throw new PromotionError('NOT_FOUND', `the repository of ${name} on a primary registry is unknown`, {
    hint: 'give the manifest tree with --manifests PATH, or add the name to "publicNames" of the registry configuration',
  });
}

function throughOf(places: readonly RepositoryName[], rules: CheckRules): Pick<CheckedPlace, 'through'> {
  const through = clientNameOf(places, rules);
  return through === undefined ? {} : { through };
}

function formerOf(...asked: Parameters<typeof formerNamesOf>): Pick<CheckedPlace, 'formerReferences'> {
  const formerReferences = formerNamesOf(...asked);
  return formerReferences.length === 0 ? {} : { formerReferences };
}

/** Returns the digests of the tree that a reference names. Without tag and digest, these are all of its repository. */
export function namedBy(checks: readonly Checked[], { repository, tag, digest }: AskedRef): readonly Checked[] {
  return checks.filter(
    (check) =>
      isNamed(check, repository) &&
      (digest === undefined || check.digest === digest) &&
      (digest !== undefined || tag === undefined || check.tags.includes(tag)),
  );
}

/** Returns the check of a digest that no entry names. */
export function unlisted(place: CheckedPlace, { tag }: AskedRef, digest: Digest): Checked {
  return { ...place, name: splitRepository(place.reference).path, digest, tags: tag === undefined ? [] : [tag] };
}

function isNamed({ repository, mirrors, routed = [], reference, through }: Checked, name: RepositoryName): boolean {
  return [repository, reference, through].includes(name) || mirrors.includes(name) || routed.includes(name);
}

/** A window of upload times in Unix milliseconds. Without `to`, it has no end: the clock of a registry may be ahead. */
export type UploadWindow = { readonly from: number; readonly to?: number | undefined };

/**
 * Returns the upload time of a digest in Unix milliseconds. `undated`: the listing has no times; `absent`: it does not
 * have the digest.
 */
export type UploadOf = (repository: RepositoryName, digest: Digest) => number | 'undated' | 'absent';

export type Selection = {
  readonly checks: readonly Checked[];
  /** How many of `checked` have no upload time. */
  readonly undated: number;
  /** Digests that the primary does not have, or that are outside the window; they are not checked. */
  readonly absent: number;
  readonly outside: number;
};

/** Selects the digests that were uploaded in the window, and those without an upload time. */
export function selectByUpload(
  checks: readonly Checked[],
  uploadOf: UploadOf,
  { from, to = Number.POSITIVE_INFINITY }: UploadWindow,
): Selection {
  const left = { undated: 0, absent: 0, outside: 0 };
  const selected = checks.filter(({ repository, digest }) => {
    const time = uploadOf(repository, digest);
    const kind = typeof time === 'string' ? time : time >= from && time <= to ? 'inside' : 'outside';
    if (kind !== 'inside') left[kind] += 1;
    return kind === 'inside' || kind === 'undated';
  });
  return { checks: selected, ...left };
}

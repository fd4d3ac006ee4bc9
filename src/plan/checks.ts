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

/** Where a repository's images must be, and the name that their signatures carry. */
export type CheckedPlace = {
  /** Of the primary registry. */
  readonly repository: RepositoryName;
  readonly mirrors: readonly RepositoryName[];
  /** The other mirrors: clients are routed to the primary for what is attached there. */
  readonly routed?: readonly RepositoryName[];
  /** The name through which clients reach it, where it is looked at as they do. */
  readonly through?: RepositoryName | undefined;
  /** The name under which people pull. */
  readonly reference: RepositoryName;
  /** Other names that its signatures may carry, where the registry configuration lists some. */
  readonly formerReferences?: readonly RepositoryName[];
};

/** One digest whose signatures and record are checked, in all of its places. */
export type Checked = CheckedPlace & {
  readonly name: string;
  readonly digest: Digest;
  /** All that entries name for it there, sorted; of a digest that no entry names, the one it was asked for by. */
  readonly tags: readonly string[];
  /** The first entry; none for what no manifest names. */
  readonly wanted?: WantedImage;
};

export type CheckRules = ClientNameRules;

/** What can be checked of a tree: each digest of each primary repository once. What is itself attached to an image is left out. */
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
    return { ...check, mirrors: copied, ...(routed.length > 0 && { routed }), ...more };
  });
}

/** Where a reference has to be looked at: in all places of the images that the tree has under its name, else only there. */
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

function noPlace(name: RepositoryName): never {
  throw new PromotionError('NOT_FOUND', `nothing says which repository of a primary registry ${name} stands for`, {
    hint: 'name the manifest tree with --manifests PATH, or the place in "publicNames" of the registry configuration',
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

/** What a reference means in the tree: all of its repository without tag and digest; nothing where the tree does not name it. */
export function namedBy(checks: readonly Checked[], { repository, tag, digest }: AskedRef): readonly Checked[] {
  return checks.filter(
    (check) =>
      isNamed(check, repository) &&
      (digest === undefined || check.digest === digest) &&
      (digest !== undefined || tag === undefined || check.tags.includes(tag)),
  );
}

/** A digest that no entry names, as if one did. */
export function unlisted(place: CheckedPlace, { tag }: AskedRef, digest: Digest): Checked {
  return { ...place, name: splitRepository(place.reference).path, digest, tags: tag === undefined ? [] : [tag] };
}

function isNamed({ repository, mirrors, routed = [], reference, through }: Checked, name: RepositoryName): boolean {
  return [repository, reference, through].includes(name) || mirrors.includes(name) || routed.includes(name);
}

/**
 * Unix milliseconds: what was uploaded between these two. Without `to` there is no later end, not even now: a registry's clock may
 * be ahead of ours.
 */
export type UploadWindow = { readonly from: number; readonly to?: number | undefined };

/** When a listing says that the digest came, in Unix milliseconds; `undated` where it does not tell, `absent` where it shows that it is not there. */
export type UploadOf = (repository: RepositoryName, digest: Digest) => number | 'undated' | 'absent';

export type Selection = {
  readonly checks: readonly Checked[];
  /** Of these, how many have no date. */
  readonly undated: number;
  /** What its primary does not hold, and what lies outside of the window: neither is checked. */
  readonly absent: number;
  readonly outside: number;
};

/** What was uploaded in the window, and what has no date. */
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

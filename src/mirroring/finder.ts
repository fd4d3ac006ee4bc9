import type { PromotionError } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import {
  attachedBy,
  differingLists,
  differingTags,
  lackingUntagged,
  shelfOf,
  type Shelf,
  type AttachedGroup,
  type TagDifference,
} from '../plan/replication.ts';
import { entriesOf, keptLists } from '../registry/listing/kept-lists.ts';
import type { Call, Meter, RegistryReader, RepositoryListing } from '../registry/roles.ts';
import type { SourceReader } from '../registry/source.ts';
import { isContained } from './attachment.ts';
import { lackList, type AttachedLack } from './lack.ts';
import { primaryReader, type PrimaryReader } from './primary-reader.ts';

type FinderServices = {
  readonly registry: RegistryReader;
  /** Reads the primaries; the copy does not read the same again. */
  readonly source: SourceReader;
  readonly meterOf: (repository: RepositoryName) => Meter;
  readonly signal: AbortSignal;
};

/** Finds the attachments of the primary that mirrors lack; lists each repository once. */
type LackFinder = {
  /** Reads the primary of a group. */
  readPrimary(group: AttachedGroup): Promise<void>;
  /** Compares a mirror with the primary of each of these groups, which must have been read. */
  compareMirror(mirror: RepositoryName, groups: readonly AttachedGroup[]): Promise<void>;
  /** Returns true if the images of a group have attachments: else its mirrors need no request. */
  hasSomething(group: AttachedGroup): boolean;
  found(): readonly AttachedLack[];
  /** The errors of primaries while mirrors were compared. */
  readonly unread: ReadonlyMap<RepositoryName, PromotionError>;
};

/** One mirror of one group, to be compared. */
type Pair = {
  readonly group: AttachedGroup;
  readonly primary: Shelf;
  readonly mirror: RepositoryName;
  readonly there: Shelf;
  /** Returns true if the mirror holds an image; requests an image that its list omits, once. */
  readonly isThere: (subject: Digest) => Promise<boolean>;
  readonly call: Call;
};

type Finder = {
  readonly registry: RegistryReader;
  readonly reader: PrimaryReader;
  readonly lacks: ReturnType<typeof lackList>;
};

/** Of one host, in tags and digests: a million takes some 200 MiB. On Kubernetes' primary about 150,000 are attached to images. */
const MOST_KEPT = 1_000_000;

/** Returns a finder that has read nothing yet. */
export function lackFinder(services: FinderServices): LackFinder {
  const { registry, meterOf, signal } = services;
  const shelves = new Map<RepositoryName, Shelf>();
  const kept = keptLists(MOST_KEPT);
  const finder: Finder = { registry, reader: primaryReader(services, kept), lacks: lackList() };
  const { reader, lacks } = finder;
  const callTo = (repository: RepositoryName): Call => ({ signal, meter: meterOf(repository) });
  const list = async (repository: RepositoryName): Promise<RepositoryListing> =>
    registry.listRepository(repository, callTo(repository));
  const compareAll = async (there: Shelf, mirror: RepositoryName, groups: readonly AttachedGroup[]): Promise<void> => {
    const call = callTo(mirror);
    const isThere = presence(registry, mirror, there, call);
    for (const group of groups) {
      const primary = shelves.get(group.primary);
      if (primary !== undefined) await comparePair(finder, { group, primary, mirror, there, isThere, call });
    }
  };
  return {
    unread: reader.unread,
    found: lacks.found,
    readPrimary: async (group) => {
      const shelf = attachedOf(await list(group.primary));
      kept.keep(group.primary, shelf.tags.size + (shelf.untagged ?? []).length);
      shelves.set(group.primary, shelf);
      // A listing that shows every manifest shows referrers, too.
      if (shelf.untagged !== undefined) return;
      const subjects = await reader.subjects(group, shelf);
      await Promise.all(subjects.map((subject) => reader.referrers(group.primary, subject)));
    },
    hasSomething: ({ primary }) => {
      const { tags, untagged = [] } = shelves.get(primary) ?? { tags: new Map() };
      return tags.size > 0 || untagged.length > 0 || reader.hasReferrers(primary);
    },
    compareMirror: async (mirror, groups) => {
      const listing = await list(mirror);
      const forget = kept.keep(mirror, entriesOf(listing));
      await compareAll(shelfOf(listing), mirror, groups).finally(forget);
    },
  };
}

/** Returns the part of a primary's listing that is kept for the whole run. */
function attachedOf(listing: RepositoryListing): Shelf {
  const { tags, untagged } = shelfOf(listing);
  return { tags, ...(untagged !== undefined && { untagged }) };
}

/** Returns a test whether a mirror holds an image. A list of digests is trusted only for those that it has. */
function presence(registry: RegistryReader, mirror: RepositoryName, { holds }: Shelf, call: Call): Pair['isThere'] {
  const asked = new Map<Digest, Promise<boolean>>();
  return async (subject) => {
    // a list of tags does not show it; the comparison of the attachment will
    if (holds === undefined || holds(subject)) return true;
    const answer =
      asked.get(subject) ?? registry.resolveManifest(mirror, subject, call).then((found) => found !== undefined);
    asked.set(subject, answer);
    return answer;
  };
}

async function comparePair(finder: Finder, pair: Pair): Promise<void> {
  const { group, primary, mirror, there, call } = pair;
  await Promise.all(differingTags(primary, there).map((difference) => compareTag(finder, pair, difference)));
  const untagged = lackingUntagged(primary, there);
  if (untagged === undefined) {
    const subjects = await finder.reader.subjects(group, primary);
    await Promise.all(subjects.map((subject) => compareSubject(finder, pair, subject)));
    return;
  }
  await Promise.all(untagged.map((digest) => compareUntagged(finder, pair, digest)));
  const lists = differingLists(primary, there);
  const [first] = lists;
  if (first === undefined || (await finder.registry.keepsReferrers(mirror, first, call)) === true) return;
  await Promise.all(lists.map((subject) => compareSubject(finder, pair, subject, true)));
}

async function compareTag({ registry, reader, lacks }: Finder, pair: Pair, { tag, is }: TagDifference): Promise<void> {
  const { group, primary, mirror, there, call } = pair;
  const subject = attachedBy(tag)?.subject;
  if (subject === undefined || !(await pair.isThere(subject))) return;
  const digest = primary.tags.get(tag) ?? (await reader.resolve(group.primary, tag));
  if (digest === undefined) return;
  const known = there.tags.get(tag);
  const current = is === 'missing' ? undefined : (known ?? (await registry.resolveManifest(mirror, tag, call))?.digest);
  if (current === digest) return;
  // A mirror may hold more: signatures under other names, or by others.
  if (
    current !== undefined &&
    (await holdsMore({ registry, reader }, { primary: group.primary, digest }, { mirror, current }, call))
  )
    return;
  lacks.add({ primary: group.primary, digest, subject, tag, last: false }, mirror);
}

/** Returns true if a mirror's manifest has all layers of the primary's, and others. */
async function holdsMore(
  { registry, reader }: Pick<Finder, 'registry' | 'reader'>,
  { primary, digest }: { readonly primary: RepositoryName; readonly digest: Digest },
  { mirror, current }: { readonly mirror: RepositoryName; readonly current: Digest },
  call: Call,
): Promise<boolean> {
  const [wanted, there] = await Promise.all([
    reader.manifest(primary, digest),
    registry.readManifest(mirror, current, call),
  ]);
  if (wanted === undefined || there === undefined) return false;
  return isContained(wanted, there) && !isContained(there, wanted);
}

/** An untagged manifest with a subject that the mirror has is a referrer that it lacks. */
async function compareUntagged(
  { reader, lacks }: Finder,
  { group, mirror, isThere }: Pair,
  digest: Digest,
): Promise<void> {
  const subject = await reader.subjectOf(group.primary, digest);
  if (subject === undefined || !(await isThere(subject.digest))) return;
  lacks.add({ primary: group.primary, digest, subject: subject.digest, last: false }, mirror);
}

/**
 * Compares the referrers of one image and its platforms, each digest once; `byList` requests the mirror's list
 * even if its listing shows what it holds.
 */
async function compareSubject(
  finder: Finder,
  pair: Pair,
  subject: Digest,
  byList = false,
  compared: Set<Digest> = new Set(),
): Promise<void> {
  if (compared.has(subject)) return;
  compared.add(subject);
  const { registry, reader, lacks } = finder;
  const { group, mirror, there, call } = pair;
  const referrers = await reader.referrers(group.primary, subject);
  if (referrers.length === 0 || !(await pair.isThere(subject))) return;
  let { holds } = there;
  if (holds === undefined || byList) {
    const listed = new Set((await registry.listReferrers(mirror, subject, call)).map(({ digest }) => digest));
    holds = (digest) => listed.has(digest);
  }
  const missing = referrers.filter((digest) => !holds(digest));
  const [first] = missing;
  if (first === undefined) return;
  const platforms = await reader.platforms(group.primary, first);
  for (const digest of missing)
    lacks.add({ primary: group.primary, digest, subject, last: platforms.length > 0 }, mirror);
  await Promise.all(platforms.map((platform) => compareSubject(finder, pair, platform, byList, compared)));
}

import { cosignTag } from '../image/cosign-tag.ts';
import type { Digest } from '../image/digest.ts';
import type { Pattern } from '../image/pattern.ts';
import { joinRepository, type RepositoryName } from '../image/reference.ts';
import type { Inventory } from '../registry/inventory.ts';
import type { PlannedImage } from './desired/assemble.ts';
import { routedPrimaries, type AttachmentRule } from './places/attachments.ts';
import type { ImageSet, WantedImage } from './desired/desired.ts';
import { primaryOf } from './places/primary.ts';
import { publicNameOf, type PublicName } from './places/public-name.ts';
import { attachedBy } from './replication.ts';

/** A digest that may need a signature and a record, in the one repository where both are written. */
export type Candidate = {
  /** The first entry that names it. */
  readonly wanted: WantedImage;
  /** Entries that promote the same digest from other repositories, if any. */
  readonly also?: readonly WantedImage[];
  /** The tags of all its entries there, sorted. */
  readonly tags: readonly string[];
  /** The repository on the primary registry. */
  readonly repository: RepositoryName;
  /** The name under which people pull it. */
  readonly reference: RepositoryName;
  /** `due`: this run copies or tags it. `entered`: it is complete, and within the repair window. */
  readonly why: 'due' | 'entered';
  /** Whether the listing shows cosign's signature tag. */
  readonly hasSignatureTag: boolean;
  /** True if a router sends clients to this repository for attachments. */
  readonly isRouted?: boolean;
};

/** The images to check for missing signatures, and the number of skipped ones. */
export type Candidates = {
  readonly images: readonly Candidate[];
  /** Digests without a signature tag that are older than the repair window. */
  readonly older: number;
  /** Digests whose age is unknown. */
  readonly undated: number;
};

/** Where images are signed, and which complete images are checked. */
export type CandidateRules = {
  /** Covers the primary registry, if one is configured. */
  readonly primary?: Pattern | undefined;
  readonly publicNames?: readonly PublicName[];
  readonly attachments?: readonly AttachmentRule[];
  /** Unix milliseconds: later entries are checked. `all`: every entry is. */
  readonly since: number | 'all';
  /** Recent entries as `source repository@digest`; undefined if Git cannot tell. */
  readonly young?: ReadonlySet<string>;
};

export type CandidateFinder = {
  /** Adds the inventory of a repository, which may be the primary of images. */
  look(repository: RepositoryName, sets: readonly ImageSet[], inventory: Inventory): void;
  /**
   * Returns pending images and recent complete ones. Omits a pending image if its primary is in `asked` and will not
   * get it.
   */
  found(due: readonly PlannedImage[], asked: Pick<ReadonlySet<RepositoryName>, 'has'>): Candidates;
  primaryOf(image: WantedImage): RepositoryName | undefined;
  /** Returns true for the primary of an image: its listing shows what may be unsigned. */
  isPrimary(repository: RepositoryName): boolean;
};

/** Creates a finder. `all` are the images of the whole tree, since a diff does not contain all mirrors of an image. */
export function candidateFinder(all: readonly ImageSet[], rules: CandidateRules): CandidateFinder {
  const primaries = primariesOf(all, rules.primary);
  const routed = routeMarks(all, rules);
  const places = new Set(primaries.values());
  const [held, signed] = [digestsByRepository(), digestsByRepository()];
  const young: WantedImage[] = [];
  // several entries may name one digest of one repository
  const left = { older: digestsByRepository(), undated: digestsByRepository() };

  const look: CandidateFinder['look'] = (repository, sets, inventory) => {
    if (!places.has(repository)) return;
    for (const image of sets.flatMap(({ images }) => images)) {
      if (primaries.get(image) !== repository || !inventory.has(image.digest) || !isSigned(image)) continue;
      held.add(repository, image.digest);
      if (inventory.lists(cosignTag(image.digest, 'sig'))) signed.add(repository, image.digest);
      if (!image.tags.every((tag) => inventory.digestOf(tag) === image.digest)) continue;
      const age = ageOf(image, inventory.uploadedAt(image.digest), rules);
      if (age === 'young') young.push(image);
      else if (!signed.has(repository, image.digest)) left[age].add(repository, image.digest);
    }
  };

  const found: CandidateFinder['found'] = (due, asked) => {
    const images = new Map<string, Candidate>();
    const add = (wanted: WantedImage, why: Candidate['why'], repository: RepositoryName): void => {
      const hasSignatureTag = signed.has(repository, wanted.digest);
      const place = { repository, reference: publicNameOf(repository, rules.publicNames), ...routed(repository) };
      addTo(images, { wanted, tags: wanted.tags, ...place, why, hasSignatureTag });
    };
    for (const { wanted: image, targets } of due) {
      const repository = primaries.get(image);
      if (repository === undefined || !isSigned(image)) continue;
      const gets = targets.some((target) => target.repository === repository);
      // the plan already failed for a primary that could not be read, or whose tag would move
      const has = held.has(repository, image.digest) || !asked.has(repository);
      if (gets || has) add(image, 'due', repository);
    }
    for (const image of young) add(image, 'entered', primaries.get(image) ?? '');
    const count = (digests: DigestsByRepository): number =>
      digests.count((repository, digest) => !images.has(keyOf(repository, digest)));
    return { images: [...images.values()], older: count(left.older), undated: count(left.undated) };
  };
  return { look, found, primaryOf: (image) => primaries.get(image), isPrimary: (name) => places.has(name) };
}

/** Digests in repositories. A text for each pair would take 10 MB for 50,000 images. */
type DigestsByRepository = {
  add(repository: RepositoryName, digest: Digest): void;
  has(repository: RepositoryName, digest: Digest): boolean;
  count(isCounted: (repository: RepositoryName, digest: Digest) => boolean): number;
};

function digestsByRepository(): DigestsByRepository {
  const all = new Map<RepositoryName, Set<Digest>>();
  return {
    add: (repository, digest) => {
      const there = all.get(repository);
      if (there === undefined) all.set(repository, new Set([digest]));
      else there.add(digest);
    },
    has: (repository, digest) => all.get(repository)?.has(digest) === true,
    count: (isCounted) => {
      let counted = 0;
      for (const [repository, digests] of all)
        for (const digest of digests) if (isCounted(repository, digest)) counted += 1;
      return counted;
    },
  };
}

function routeMarks(
  all: readonly ImageSet[],
  { primary, attachments }: CandidateRules,
): (repository: RepositoryName) => Pick<Candidate, 'isRouted'> {
  const routed = routedPrimaries(all, primary, attachments);
  return (repository) => (routed.has(repository) ? { isRouted: true } : {});
}

/** Adds a candidate; one digest of one repository is one candidate, with the tags of all its entries. */
function addTo(candidates: Map<string, Candidate>, candidate: Candidate): void {
  const key = keyOf(candidate.repository, candidate.wanted.digest);
  const known = candidates.get(key);
  const tags = [...new Set([...(known?.tags ?? []), ...candidate.tags])].toSorted();
  const also = known?.also ?? [];
  const isNew =
    known !== undefined && ![known.wanted, ...also].some(({ source }) => source === candidate.wanted.source);
  candidates.set(key, { ...(known ?? candidate), tags, ...(isNew && { also: [...also, candidate.wanted] }) });
}

/** Returns the primary repository of each image. */
export function primariesOf(sets: readonly ImageSet[], chosen?: Pattern): ReadonlyMap<WantedImage, RepositoryName> {
  const primaries = new Map<WantedImage, RepositoryName>();
  for (const { destinations, name, images } of sets) {
    const registry = primaryOf(destinations, chosen);
    if (registry === undefined) continue;
    const repository = joinRepository(registry, name);
    for (const image of images) primaries.set(image, repository);
  }
  return primaries;
}

/** Returns false for signatures and attestations, which upstream does not sign either. */
function isSigned({ tags }: WantedImage): boolean {
  return tags.length === 0 || tags.some((tag) => attachedBy(tag) === undefined);
}

function keyOf(repository: RepositoryName, digest: Digest): string {
  return `${repository}@${digest}`;
}

function ageOf(
  { source, digest }: WantedImage,
  uploadedAt: number | undefined,
  { since, young }: CandidateRules,
): 'young' | 'older' | 'undated' {
  if (since === 'all' || (uploadedAt !== undefined && uploadedAt >= since)) return 'young';
  if (young?.has(keyOf(source, digest)) === true) return 'young';
  return uploadedAt === undefined && young === undefined ? 'undated' : 'older';
}

import { allOf } from '../../async/all-of.ts';
import { isPromotionError, PromotionError } from '../../errors.ts';
import type { Descriptor, Manifest } from '../../image/descriptor.ts';
import { digestOf, type Digest } from '../../image/digest.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import { fallbackReferrers, fallbackTag, withReferrer } from '../fallback-index.ts';
import { listTags, type ListTags } from './overwriting.ts';
import { pendingReferrers } from './pending-referrers.ts';
import type { Call, Referrer, Registry } from '../roles.ts';
import { storeBlobs, type SmallBlob } from './small-blobs.ts';
import type { SubjectLock } from './lock.ts';
import { writeWithBlobs, type TagContent } from './tag-update.ts';

export { fallbackTag } from '../fallback-index.ts';

/** A manifest with a subject, its blobs, and the entry for the list of referrers. */
export type Attachment = {
  readonly manifest: Manifest;
  readonly subject: Descriptor;
  readonly referrer: Referrer;
  readonly blobs: readonly SmallBlob[];
  /** Finds what another job attached since the list was read. Default: nothing is looked for. */
  readonly meanwhile?: Meanwhile | undefined;
};

/** Finds an attachment that another job made between reading a list and writing it; ours is then omitted. */
export type Meanwhile = {
  /** Returns true if these referrers of the subject contain what the attachment adds. */
  isThere(listed: readonly Referrer[]): Promise<boolean>;
  /** Returns true if the list was read so long ago that it is worth a request to read it again. */
  isStale(): boolean;
};

/** A referrer for a list, unless the list contains the same by then. */
type Listing = Pick<Attachment, 'referrer' | 'meanwhile'>;

/** A way to attach manifests to a subject. */
export type Attaching = {
  /** Stores the attachment and has it listed; an attachment that is listed already is not written again. */
  attach(repository: RepositoryName, attachment: Attachment, call: Call): Promise<void>;
  /**
   * Adds a referrer that the repository already holds to the list. Sends no request if the host lists referrers itself.
   */
  list(repository: RepositoryName, attached: Pick<Attachment, 'subject' | 'referrer'>, call: Call): Promise<void>;
};

/** Attaches manifests. One for each run, since it remembers what repositories hold. */
export type Attacher = Attaching & {
  /**
   * Throws LIST_IMMUTABLE if the subject's list exists and the registry does not let it be changed: a new signature
   * could then not be found.
   */
  checkList(repository: RepositoryName, subject: Digest, call: Call): Promise<void>;
  /** Starts a batch of attachments that writes each list once, at its end. */
  batch(): AttachmentBatch;
  /** The tags of lists and signatures, with what is known about whether they can be changed. */
  readonly tags: ListTags;
  /** Returns what batches have attached to a subject and not listed yet. */
  pending(repository: RepositoryName, subject: Digest): readonly Referrer[];
};

/** Attachments that are stored at once and listed by `write`, if the registry does not list referrers itself. */
export type AttachmentBatch = Attaching & {
  /** Writes the lists of a repository, each once. */
  write(repository: RepositoryName, call: Call): Promise<void>;
};

const EMPTY = Buffer.from('{}');

/** The config of a manifest that has none (image-spec 1.1, «Guidance for an Empty Descriptor»). */
export const EMPTY_CONFIG: SmallBlob = {
  bytes: EMPTY,
  descriptor: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(EMPTY), size: EMPTY.length },
};

/**
 * Creates an attacher that writes through the registry; changes of one subject's fallback tag go through the lock, one
 * at a time. For a routed repository without the referrers API it throws CONFIG_INVALID before it writes: no router
 * sends clients to fallback tags.
 */
export function attacher(
  registry: Registry,
  lock: SubjectLock,
  isRouted: (repository: RepositoryName) => boolean = () => false,
): Attacher {
  const tags = listTags(registry, lock);
  const parts = { registry, lock, bring: blobBringing(registry), isRouted };
  const pending = pendingReferrers();
  return {
    ...attaching(parts, (repository, subject, listing, call) =>
      addToFallback(registry, tags, { repository, subject, listings: [listing] }, call),
    ),
    tags,
    pending: pending.of,
    checkList: async (repository, subject, call) => {
      if (await registry.keepsReferrers(repository, subject, call)) return;
      // the list is written after all attachments
      if (pending.of(repository, subject).length > 0) return;
      await tags.checkWritable(repository, fallbackTag(subject), subject, call);
    },
    batch: () => startBatch(parts, pending, (listings, call) => addToFallback(registry, tags, listings, call)),
  };
}

function startBatch(
  parts: AttachingParts,
  pending: ReturnType<typeof pendingReferrers>,
  add: (listings: FallbackListings, call: Call) => Promise<void>,
): AttachmentBatch {
  const subjects = new Map<RepositoryName, Set<Digest>>();
  const checks = new Map<Digest, Meanwhile | undefined>();
  return {
    ...attaching(parts, async (repository, subject, { referrer, meanwhile }) => {
      pending.add(repository, subject, referrer);
      checks.set(referrer.digest, meanwhile);
      subjects.set(repository, (subjects.get(repository) ?? new Set()).add(subject));
    }),
    write: async (repository, call) => {
      const write = async (subject: Digest): Promise<void> => {
        const referrers = pending.of(repository, subject);
        const listings = referrers.map((referrer) => ({ referrer, meanwhile: checks.get(referrer.digest) }));
        if (listings.length > 0) await add({ repository, subject, listings }, call);
        pending.remove(repository, subject, referrers);
      };
      await allOf([...(subjects.get(repository) ?? [])].map(write));
      subjects.delete(repository);
    },
  };
}

/** Adds a referrer to a list that the registry does not keep itself, at once or later. */
type Add = (repository: RepositoryName, subject: Digest, listing: Listing, call: Call) => Promise<void>;

type AttachingParts = {
  readonly registry: Registry;
  readonly lock: SubjectLock;
  readonly bring: ReturnType<typeof blobBringing>;
  readonly isRouted: (repository: RepositoryName) => boolean;
};

function attaching({ registry, lock, bring, isRouted }: AttachingParts, add: Add): Attaching {
  const list = async (
    repository: RepositoryName,
    { subject, ...listing }: Pick<Attachment, 'subject'> & Listing,
    call: Call,
  ): Promise<void> => {
    if ((await registry.keepsReferrers(repository, subject.digest, call)) === true) return;
    if (isRouted(repository)) throw noLists(hostOf(repository));
    await add(repository, subject.digest, listing, call);
  };
  return {
    list,
    attach: async (repository, attachment, call) => {
      const were = await bring(repository, attachment.blobs, call);
      if (were && (await isListed(registry, repository, attachment, call))) return;
      const { digest } = attachment.manifest.descriptor;
      // rejected before it is written
      if (isRouted(repository)) await list(repository, attachment, call);
      if (!lock.isShared && (await isAttachedMeanwhile(registry, repository, attachment, call))) return;
      const written = await writeWithBlobs(registry, repository, digest, attachment, call);
      if (written.subject !== attachment.subject.digest) await list(repository, attachment, call);
    },
  };
}

/** Reads the list of a registry again, just before it gets the attachment; a fallback tag is read when it is written. */
async function isAttachedMeanwhile(
  registry: Registry,
  repository: RepositoryName,
  { subject, meanwhile }: Attachment,
  call: Call,
): Promise<boolean> {
  if (meanwhile?.isStale() !== true) return false;
  if ((await registry.keepsReferrers(repository, subject.digest, call)) !== true) return false;
  return meanwhile.isThere(await registry.listReferrers(repository, subject.digest, call));
}

/** Returns the error for a registry with routed attachments and without the referrers API. */
export function noLists(host: string): PromotionError {
  return new PromotionError(
    'CONFIG_INVALID',
    `${host} has no referrers API, but its attachments are routed ("attachments" in the registry configuration): no router sends clients to fallback tags (sha256-…)`,
    {
      side: 'destination',
      hint: 'use a primary registry with the referrers API, or set "mode: replicated" for these places',
    },
  );
}

async function isListed(
  registry: Registry,
  repository: RepositoryName,
  { subject, referrer }: Attachment,
  call: Call,
): Promise<boolean> {
  const listed = await registry.listReferrers(repository, subject.digest, call);
  return listed.some(({ digest }) => digest === referrer.digest);
}

/**
 * Stores blobs as storeBlobs does, but writes the empty config, which all attachments share, to each repository once.
 */
function blobBringing(
  registry: Registry,
): (repository: RepositoryName, blobs: readonly SmallBlob[], call: Call) => Promise<boolean> {
  const empties = new Map<RepositoryName, Promise<boolean>>();
  const bringEmpty = (repository: RepositoryName, blob: SmallBlob, call: Call): Promise<boolean> => {
    const known = empties.get(repository);
    if (known !== undefined) return known;
    const bringing = storeBlobs(registry, repository, [blob], call).catch((error: unknown) => {
      empties.delete(repository);
      throw error;
    });
    empties.set(repository, bringing);
    return bringing;
  };
  return async (repository, blobs, call) => {
    const empty = blobs.find(isEmptyConfig);
    const others = blobs.filter((blob) => !isEmptyConfig(blob));
    const [were] = await Promise.all([
      storeBlobs(registry, repository, others, call),
      empty && bringEmpty(repository, empty, call),
    ]);
    return were;
  };
}

function isEmptyConfig({ descriptor }: SmallBlob): boolean {
  return descriptor.digest === EMPTY_CONFIG.descriptor.digest;
}

type FallbackListings = {
  readonly repository: RepositoryName;
  readonly subject: Digest;
  readonly listings: readonly Listing[];
};

async function addToFallback(
  registry: Registry,
  tags: ListTags,
  { repository, subject, listings }: FallbackListings,
  call: Call,
): Promise<void> {
  const add = async (current: Manifest | undefined, gone?: ReadonlySet<Digest>): Promise<TagContent | undefined> => {
    const referrers = await missingFrom(fallbackReferrers(current, subject), listings);
    const manifest = referrers.reduce((list, one) => withReferrer(list, subject, one, gone) ?? list, current);
    return manifest === undefined || manifest === current ? undefined : { manifest, blobs: [] };
  };
  const tag = fallbackTag(subject);
  try {
    await tags.update(repository, tag, (current) => add(current), call);
  } catch (error) {
    if (!isPromotionError(error, 'BLOB_UNKNOWN')) throw error;
    // If a manifest was deleted but not its entry, a registry that checks for both rejects the index.
    const change = async (current: Manifest | undefined): Promise<TagContent | undefined> =>
      add(current, await goneOf(registry, repository, fallbackReferrers(current, subject), call));
    await tags.update(repository, tag, change, call);
  }
}

/** Returns the referrers to add to a list: those that it does not contain in another form. */
async function missingFrom(listed: readonly Referrer[], listings: readonly Listing[]): Promise<readonly Referrer[]> {
  const all = await Promise.all(
    listings.map(async ({ referrer, meanwhile }) => {
      // The list that an earlier attempt wrote contains the referrer itself.
      const isOurs = listed.some(({ digest }) => digest === referrer.digest);
      const isOmitted = !isOurs && listed.length > 0 && (await meanwhile?.isThere(listed)) === true;
      return isOmitted ? [] : [referrer];
    }),
  );
  return all.flat();
}

/** Returns the referrers that the repository does not have. */
async function goneOf(
  registry: Registry,
  repository: RepositoryName,
  referrers: readonly Referrer[],
  call: Call,
): Promise<ReadonlySet<Digest>> {
  const gone = await Promise.all(
    referrers.map(async ({ digest }) => {
      const there = await registry.resolveManifest(repository, digest, call);
      return there === undefined ? [digest] : [];
    }),
  );
  return new Set(gone.flat());
}

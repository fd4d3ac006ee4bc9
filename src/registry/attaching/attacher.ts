import { allOf } from '../../async/all-of.ts';
import { isPromotionError, PromotionError } from '../../errors.ts';
import type { Descriptor, Manifest } from '../../image/descriptor.ts';
import { digestOf, type Digest } from '../../image/digest.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import { fallbackReferrers, fallbackTag, withReferrer } from './fallback-index.ts';
import { listTags, type ListTags } from './overwriting.ts';
import { pendingReferrers } from './pending-referrers.ts';
import type { Call, Referrer, Registry } from '../roles.ts';
import { storeBlobs, type SmallBlob } from './small-blobs.ts';
import type { SubjectQueue } from './lock.ts';
import { writeWithBlobs, type TagContent } from './tag-update.ts';

export { fallbackTag } from './fallback-index.ts';

/** A manifest that names a subject, with its blobs and how a list is to tell of it. */
export type Attachment = {
  readonly manifest: Manifest;
  readonly subject: Descriptor;
  readonly referrer: Referrer;
  readonly blobs: readonly SmallBlob[];
};

/** A way to attach something. */
export type Attaching = {
  /** Stores the attachment and has it listed; an attachment that is listed is left alone. */
  attach(repository: RepositoryName, attachment: Attachment, call: Call): Promise<void>;
  /** Has a referrer listed that the repository holds already; asks nothing of a host that is known to keep lists. */
  list(repository: RepositoryName, attached: Pick<Attachment, 'subject' | 'referrer'>, call: Call): Promise<void>;
};

/** One for each run, since it remembers what repositories hold. */
export type Attacher = Attaching & {
  /**
   * Throws LIST_IMMUTABLE if the subject has a list that the registry does not let be changed, so that what is signed for it
   * could not be found.
   */
  checkList(repository: RepositoryName, subject: Digest, call: Call): Promise<void>;
  /** A way to attach several things of which lists are to tell later, with one write for each list. */
  batch(): AttachmentBatch;
  /** The tags of lists and signatures, with what is known of whether they can be changed. */
  readonly tags: ListTags;
  /** What batches have attached to a subject and lists do not tell yet. */
  pending(repository: RepositoryName, subject: Digest): readonly Referrer[];
};

/** Until it is written, what it has attached is stored, and where a registry keeps no lists in no list. */
export type AttachmentBatch = Attaching & {
  /** Writes the lists of a repository, each once. */
  write(repository: RepositoryName, call: Call): Promise<void>;
};

const EMPTY = Buffer.from('{}');

/** The config of what has none (image-spec 1.1, «Guidance for an Empty Descriptor»). */
export const EMPTY_CONFIG: SmallBlob = {
  bytes: EMPTY,
  descriptor: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(EMPTY), size: EMPTY.length },
};

/**
 * Attaches through the registry; of one subject's fallback tag through the queue, one at a time. Throws CONFIG_INVALID before
 * it writes to a routed repository without the referrers API: no router sends clients to fallback tags.
 */
export function attacher(
  registry: Registry,
  queue: SubjectQueue,
  isRouted: (repository: RepositoryName) => boolean = () => false,
): Attacher {
  const tags = listTags(registry, queue);
  const bring = blobBringing(registry);
  const pending = pendingReferrers();
  return {
    ...attaching({ registry, bring, isRouted }, (repository, subject, referrer, call) =>
      addToFallback(registry, tags, repository, subject, [referrer], call),
    ),
    tags,
    pending: pending.of,
    checkList: async (repository, subject, call) => {
      if (await registry.keepsReferrers(repository, subject, call)) return;
      // the list is written once all is attached
      if (pending.of(repository, subject).length > 0) return;
      await tags.checkWritable(repository, fallbackTag(subject), subject, call);
    },
    batch: () => {
      const subjects = new Map<RepositoryName, Set<Digest>>();
      return {
        ...attaching({ registry, bring, isRouted }, async (repository, subject, referrer) => {
          pending.add(repository, subject, referrer);
          subjects.set(repository, (subjects.get(repository) ?? new Set()).add(subject));
        }),
        write: async (repository, call) => {
          const write = async (subject: Digest): Promise<void> => {
            const referrers = pending.of(repository, subject);
            if (referrers.length > 0) await addToFallback(registry, tags, repository, subject, referrers, call);
            pending.remove(repository, subject, referrers);
          };
          await allOf([...(subjects.get(repository) ?? [])].map(write));
          subjects.delete(repository);
        },
      };
    },
  };
}

/** Adds a referrer to the list that the registry does not keep itself, at once or later. */
type Add = (repository: RepositoryName, subject: Digest, referrer: Referrer, call: Call) => Promise<void>;

type AttachingParts = {
  readonly registry: Registry;
  readonly bring: ReturnType<typeof blobBringing>;
  readonly isRouted: (repository: RepositoryName) => boolean;
};

function attaching({ registry, bring, isRouted }: AttachingParts, add: Add): Attaching {
  const list: Attaching['list'] = async (repository, { subject, referrer }, call) => {
    if ((await registry.keepsReferrers(repository, subject.digest, call)) === true) return;
    if (isRouted(repository)) throw noLists(hostOf(repository));
    await add(repository, subject.digest, referrer, call);
  };
  return {
    list,
    attach: async (repository, attachment, call) => {
      const were = await bring(repository, attachment.blobs, call);
      if (were && (await isListed(registry, repository, attachment, call))) return;
      const { digest } = attachment.manifest.descriptor;
      // refused before it is written
      if (isRouted(repository)) await list(repository, attachment, call);
      const written = await writeWithBlobs(registry, repository, digest, attachment, call);
      if (written.subject !== attachment.subject.digest) await list(repository, attachment, call);
    },
  };
}

/** An error for a registry whose attachments are routed, and that keeps no lists of them. */
export function noLists(host: string): PromotionError {
  return new PromotionError(
    'CONFIG_INVALID',
    `${host} has no referrers API, and what is attached to its images is routed ("attachments" of the registry configuration): no router sends clients to fallback tags (sha256-…)`,
    {
      side: 'destination',
      hint: 'make a registry with the referrers API the primary, or write "mode: replicated" for these places',
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

/** Stores blobs as storeBlobs does, but brings the empty config, which all attachments share, to each repository once. */
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

async function addToFallback(
  registry: Registry,
  tags: ListTags,
  repository: RepositoryName,
  subject: Digest,
  referrers: readonly Referrer[],
  call: Call,
): Promise<void> {
  const add = (current: Manifest | undefined, gone?: ReadonlySet<Digest>): TagContent | undefined => {
    const manifest = referrers.reduce((list, one) => withReferrer(list, subject, one, gone) ?? list, current);
    return manifest === undefined || manifest === current ? undefined : { manifest, blobs: [] };
  };
  const tag = fallbackTag(subject);
  try {
    await tags.update(repository, tag, async (current) => add(current), call);
  } catch (error) {
    if (!isPromotionError(error, 'BLOB_UNKNOWN')) throw error;
    // Where others have deleted a manifest and not its entry, a registry that looks for both refuses the index.
    const change = async (current: Manifest | undefined): Promise<TagContent | undefined> =>
      add(current, await goneOf(registry, repository, fallbackReferrers(current, subject), call));
    await tags.update(repository, tag, change, call);
  }
}

/** Those of the referrers that the repository does not have. */
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

import { isPromotionError } from '../errors.ts';
import type { Descriptor, Manifest } from '../image/descriptor.ts';
import { digestOf, type Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import { fallbackReferrers, fallbackTag, withReferrer } from './referrer-index.ts';
import type { Call, Referrer, Registry } from './roles.ts';
import { storeBlobs, type SmallBlob } from './small-blobs.ts';
import type { SubjectQueue } from './subject-queue.ts';
import { updateTag, writeWithBlobs, type TagContent } from './tag-update.ts';

export { fallbackTag } from './referrer-index.ts';

/** A manifest that names a subject, with its blobs and how a list is to tell of it. */
export type Attachment = {
  readonly manifest: Manifest;
  readonly subject: Descriptor;
  readonly referrer: Referrer;
  readonly blobs: readonly SmallBlob[];
};

/** The way to attach something: one for each run, since it remembers what repositories hold. */
export type Attacher = {
  /** Stores the attachment and has it listed; an attachment that is listed is left alone. */
  attach(repository: RepositoryName, attachment: Attachment, call: Call): Promise<void>;
  /** Has a referrer listed that the repository holds already; asks nothing of a host that is known to keep lists. */
  list(repository: RepositoryName, attached: Pick<Attachment, 'subject' | 'referrer'>, call: Call): Promise<void>;
};

const EMPTY = Buffer.from('{}');

/** The config of what has none (image-spec 1.1, «Guidance for an Empty Descriptor»). */
export const EMPTY_CONFIG: SmallBlob = {
  bytes: EMPTY,
  descriptor: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(EMPTY), size: EMPTY.length },
};

/** Attaches through the registry; of one subject's fallback tag through the queue, one at a time. */
export function attacher(registry: Registry, queue: SubjectQueue): Attacher {
  const bring = blobBringing(registry);
  const list: Attacher['list'] = async (repository, { subject, referrer }, call) => {
    if (await registry.keepsReferrers(repository, subject.digest, call)) return;
    await addToFallback(registry, queue, repository, subject.digest, referrer, call);
  };
  return {
    list,
    attach: async (repository, attachment, call) => {
      const were = await bring(repository, attachment.blobs, call);
      if (were && (await isListed(registry, repository, attachment, call))) return;
      const { digest } = attachment.manifest.descriptor;
      const written = await writeWithBlobs(registry, repository, digest, attachment, call);
      if (written.subject !== attachment.subject.digest) await list(repository, attachment, call);
    },
  };
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
  queue: SubjectQueue,
  repository: RepositoryName,
  subject: Digest,
  referrer: Referrer,
  call: Call,
): Promise<void> {
  const add = (current: Manifest | undefined, gone?: ReadonlySet<Digest>): TagContent | undefined => {
    const manifest = withReferrer(current, subject, referrer, gone);
    return manifest && { manifest, blobs: [] };
  };
  const tag = fallbackTag(subject);
  try {
    await updateTag(registry, queue, repository, tag, async (current) => add(current), call);
  } catch (error) {
    if (!isPromotionError(error, 'BLOB_UNKNOWN')) throw error;
    // Where others have deleted a manifest and not its entry, a registry that looks for both refuses the index.
    const change = async (current: Manifest | undefined): Promise<TagContent | undefined> =>
      add(current, await goneOf(registry, repository, fallbackReferrers(current, subject), call));
    await updateTag(registry, queue, repository, tag, change, call);
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

import { asPromotionError, isPromotionError } from '../errors.ts';
import { cosignTag } from '../image/cosign-tag.ts';
import type { Digest } from '../image/digest.ts';
import type { Manifest } from '../image/descriptor.ts';
import { readOci } from '../image/oci.ts';
import type { RepositoryName } from '../image/reference.ts';
import { imagesIn } from '../registry/image/platforms.ts';
import type { Call, RegistryReader } from '../registry/roles.ts';

export type ViewServices = {
  readonly registry: RegistryReader;
  readonly callTo: (repository: RepositoryName) => Call;
};

/** One digest on its primary registry, and the name through which clients reach it. */
type ViewRequest = {
  readonly repository: RepositoryName;
  readonly through: RepositoryName;
  readonly digest: Digest;
  readonly tags: readonly string[];
};

/** What a client follows from a name to the bytes of a signature. */
export type LinkKind = 'tag' | 'image' | 'signature tag' | 'referrers' | 'manifest' | 'blob';

/** A link that ends elsewhere than on the primary. */
export type BrokenLink = {
  readonly kind: LinkKind;
  /** As a client asks for it. */
  readonly link: string;
  /** What it shows instead, in words. */
  readonly why: string;
};

/** `subjects` is empty if the primary does not hold the digest. */
type View = {
  readonly subjects: readonly Digest[];
  readonly followed: number;
  readonly broken: readonly BrokenLink[];
};

/** A view at work. */
type Looking = ViewServices & ViewRequest & { followed: number; readonly broken: BrokenLink[] };

/**
 * Follows, through the name that clients use, every link from an image to the bytes of what is attached to it and to its
 * platforms, and compares each with the primary. Asks the name only for what the primary has: a router that remembers
 * what was not there learns nothing wrong. Throws if the primary cannot be read, and if the name cannot be reached.
 */
export async function viewDigest(services: ViewServices, request: ViewRequest): Promise<View> {
  const { registry, callTo } = services;
  const { repository, digest, tags } = request;
  const looking: Looking = { ...services, ...request, followed: 0, broken: [] };
  const read = (one: Digest): Promise<Manifest | undefined> =>
    registry.readManifest(repository, one, callTo(repository));
  const root = await read(digest);
  if (root === undefined) return { subjects: [], followed: 0, broken: [] };
  for (const tag of tags)
    if ((await onPrimary(looking, tag)) === digest) await followReference(looking, 'tag', tag, digest);
  const subjects = (await imagesIn(root, repository, read)).map((one) => one.digest);
  for (const subject of subjects) {
    await followReference(looking, 'image', subject, subject);
    await followSignatures(looking, subject);
    await followReferrers(looking, subject);
  }
  return { subjects, followed: looking.followed, broken: looking.broken };
}

async function onPrimary({ registry, callTo, repository }: Looking, reference: string): Promise<Digest | undefined> {
  return (await registry.resolveManifest(repository, reference, callTo(repository)))?.digest;
}

/** Takes what is wrong with one link, if anything; throws if the host of the name cannot be reached. */
async function follow(
  looking: Looking,
  kind: LinkKind,
  link: string,
  look: (call: Call) => Promise<string | undefined>,
): Promise<void> {
  const call = looking.callTo(looking.through);
  looking.followed += 1;
  try {
    const why = await look(call);
    if (why !== undefined) looking.broken.push({ kind, link, why });
  } catch (error) {
    const failure = asPromotionError(error, call.signal);
    if (!isPromotionError(failure) || !ANSWERED.includes(failure.code)) throw failure;
    looking.broken.push({ kind, link, why: failure.message });
  }
}

/** What a registry says of one request; after any other error the next one would fail, too. */
const ANSWERED: readonly string[] = [
  'NOT_FOUND',
  'UNAUTHORIZED',
  'DENIED',
  'REGISTRY_ERROR',
  'REGISTRY_PROTOCOL',
  'DIGEST_MISMATCH',
];

function missing({ repository }: Looking): string {
  return `not found, but ${repository} has it`;
}

function followReference(looking: Looking, kind: LinkKind, reference: string, digest: Digest): Promise<void> {
  const { registry, through } = looking;
  const link = `${through}${reference === digest ? '@' : ':'}${reference}`;
  return follow(looking, kind, link, async (call) => {
    const found = await registry.resolveManifest(through, reference, call);
    if (found === undefined) return missing(looking);
    return found.digest === digest ? undefined : `shows ${found.digest}, but ${looking.repository} ${digest}`;
  });
}

/** cosign's tag, then what it names by digest, then its blobs. */
async function followSignatures(looking: Looking, subject: Digest): Promise<void> {
  const tag = cosignTag(subject, 'sig');
  const digest = await onPrimary(looking, tag);
  if (digest === undefined) return;
  await followReference(looking, 'signature tag', tag, digest);
  await followContent(looking, digest);
}

/** The list of referrers, as a whole and by type, then each by digest, then its blobs. */
async function followReferrers(looking: Looking, subject: Digest): Promise<void> {
  const { registry, callTo, repository, through } = looking;
  const wanted = await registry.listReferrers(repository, subject, callTo(repository));
  if (wanted.length === 0) return;
  const types = new Set(wanted.flatMap(({ artifactType }) => artifactType ?? []));
  for (const type of [undefined, ...types]) {
    const filter = type === undefined ? '' : ` of type ${type}`;
    await follow(looking, 'referrers', `${through}@${subject}`, async (call) => {
      const listed = new Set((await registry.listReferrers(through, subject, call, type)).map(({ digest }) => digest));
      const due = wanted.filter(({ artifactType }) => type === undefined || artifactType === type);
      const [first, ...others] = due.filter(({ digest }) => !listed.has(digest));
      if (first === undefined) return undefined;
      const more = others.length === 0 ? '' : ` and ${others.length} more`;
      return `its list of referrers${filter} lacks ${first.digest}${more}, which ${repository} lists`;
    });
  }
  for (const { digest } of wanted) await followContent(looking, digest);
}

/** A manifest by digest, and its blobs; what the name serves is checked against the digests of the primary. */
async function followContent(looking: Looking, digest: Digest): Promise<void> {
  const { registry, callTo, repository, through } = looking;
  const manifest = await registry.readManifest(repository, digest, callTo(repository));
  // deleted since it was listed
  if (manifest === undefined) return;
  await follow(looking, 'manifest', `${through}@${digest}`, async (call) =>
    (await registry.readManifest(through, digest, call)) === undefined ? missing(looking) : undefined,
  );
  const content = readOci(manifest);
  const blobs = content.kind === 'image' ? [content.config, ...content.layers] : [];
  for (const blob of new Map(blobs.map((one) => [one.digest, one])).values()) {
    await follow(looking, 'blob', `${through}@${blob.digest}`, async (call) => {
      // every byte is checked on its way
      for await (const _ of registry.readBlob(through, blob, call));
      return undefined;
    });
  }
}

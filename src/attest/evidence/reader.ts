import { isPromotionError } from '../../errors.ts';
import type { Manifest } from '../../image/descriptor.ts';
import { isDigest, type Digest } from '../../image/digest.ts';
import { cosignTag } from '../../image/cosign-tag.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Evidence } from '../../policy/provenance.ts';
import type { Call, Meter, Referrer, RegistryReader } from '../../registry/roles.ts';
import { platformsOf } from '../../registry/image/platforms.ts';
import { sourceListing, type SourceListing } from '../../registry/source.ts';
import { attachedTo } from '../attached/attached.ts';
import { foundItem, type FoundItem, type StatedItem } from './items.ts';
import { laterVerifier } from '../verifying/without-trust.ts';
import type { LaterVerifier, OpenVerifier } from '../roles.ts';

export type EvidenceServices = {
  readonly registry: RegistryReader;
  /** Returns the manifest of a digest in staging; undefined if it is missing. */
  readonly manifestOf: (
    repository: RepositoryName,
    digest: Digest,
    signal: AbortSignal,
  ) => Promise<Manifest | undefined>;
  /** Opened at the first signature: to judge if a policy needs it, else to inform a report. */
  readonly verifier: OpenVerifier;
  /** Returns the known listing of a repository; without one it is read. */
  readonly listed?: (repository: RepositoryName) => SourceListing | undefined;
  /** Returns the meter for requests to a repository's registry. */
  readonly meterOf?: (repository: RepositoryName) => Meter;
};

/** A digest of a staging repository. */
type Subject = { readonly repository: RepositoryName; readonly digest: Digest };

/** Reads what is attached to images in staging; each digest once. */
export type EvidenceReader = {
  /** Requests that the upload times of these subjects are kept; call it before they are read. */
  expect(subjects: Iterable<Subject>): void;
  /**
   * Returns all signatures and attestations of a digest, each verified; with `platforms` also those of an index's
   * children. `unlisted` also reads the tags that the repository's list omits, for callers that reject missing
   * evidence. Throws if an item cannot be read, because it may have been tampered with.
   */
  read(subject: Subject, depth: Depth, signal: AbortSignal, tags?: Tags): Promise<Evidence>;
  /** Returns the verified vulnerability statements (reports and VEX), including those of platforms. */
  statements(subject: Subject, signal: AbortSignal): Promise<readonly StatedItem[]>;
};

type Depth = 'itself' | 'platforms';

/** Which of cosign's tags are read: those in a list, or also those that it omits. */
type Tags = 'listed' | 'unlisted';

/** The evidence of one digest, without its platforms. */
type Found = { readonly items: readonly FoundItem[]; readonly uploadedAt?: number };

/** Deeper than any index in use; a guard against an endlessly nested index. */
const MAX_DEPTH = 16;

/**
 * Creates a reader. Without attachments it costs one tag list for each repository and one list of referrers for each
 * digest.
 */
export function evidenceReader(services: EvidenceServices): EvidenceReader {
  const found = new Map<string, Promise<Found>>();
  const expected = new Set<string>();
  const lists = listings(services, (subject) => expected.has(keyOf(subject)));
  const foundAt = ({ repository, digest }: Subject, need: Need, signal: AbortSignal, tags: Tags): Promise<Found> => {
    const key = `${keyOf({ repository, digest })} ${tags}`;
    const verifier = laterVerifier(() => services.verifier(signal, need));
    const reading = found.get(key) ?? readItems({ ...services, verifier }, lists, { repository, digest }, signal, tags);
    found.set(key, reading);
    return reading;
  };
  const childrenOf = async (
    { repository, digest }: Subject,
    signal: AbortSignal,
  ): Promise<readonly Subject[] | undefined> => {
    const read = (one: Digest): Promise<Manifest | undefined> => services.manifestOf(repository, one, signal);
    const manifest = await read(digest);
    const platforms = manifest && (await platformsOf(manifest, repository, read));
    return platforms?.map((child) => ({ repository, digest: child.digest }));
  };
  const walk = async (root: Subject, depth: number, signal: AbortSignal, tags: Tags): Promise<Walked> => {
    const need = depth === 0 ? 'inform' : 'judge';
    return walkFrom(root, depth, async (subject) => {
      const [own, children] = await Promise.all([foundAt(subject, need, signal, tags), childrenOf(subject, signal)]);
      return { walked: { ...subject, ...own, isIndex: children !== undefined, below: [] }, children: children ?? [] };
    });
  };
  return {
    expect: (subjects) => {
      for (const subject of subjects) expected.add(keyOf(subject));
    },
    read: async ({ repository, digest }, depth, signal, tags = 'listed') =>
      evidenceIn(await walk({ repository, digest }, depth === 'itself' ? 0 : MAX_DEPTH, signal, tags)),
    statements: async ({ repository, digest }, signal) => {
      const listed = statementsIn(await walk({ repository, digest }, MAX_DEPTH, signal, 'listed'));
      if (listed.length > 0) return listed;
      return statementsIn(await walk({ repository, digest }, MAX_DEPTH, signal, 'unlisted'));
    },
  };
}

/** A digest with its evidence and its children. */
type Walked = Subject & Found & { readonly isIndex: boolean; readonly below: Walked[] };

/** A digest whose children have not been read yet. */
type Opened = { readonly walked: Walked; readonly children: readonly Subject[] };

/** Walks the levels from the root down: each digest once, at its highest level. */
async function walkFrom(root: Subject, depth: number, open: (subject: Subject) => Promise<Opened>): Promise<Walked> {
  const seen = new Set([root.digest]);
  const openBelow = async ({ walked, children }: Opened): Promise<readonly Opened[]> => {
    const unseen = children.filter(({ digest }) => !seen.has(digest));
    for (const { digest } of unseen) seen.add(digest);
    const below = await Promise.all(unseen.map(open));
    for (const one of below) walked.below.push(one.walked);
    return below;
  };
  const top = await open(root);
  let level: readonly Opened[] = [top];
  for (let left = depth; level.length > 0 && left > 0; left -= 1)
    level = (await Promise.all(level.map(openBelow))).flat();
  return top.walked;
}

function evidenceIn({ items, below, ...found }: Walked): Evidence {
  return { ...found, items: items.map(({ item }) => item), platforms: below.map(evidenceIn) };
}

function statementsIn({ items, below }: Walked): readonly StatedItem[] {
  const own = items.flatMap(({ item, statement }) => (statement === undefined ? [] : [{ item, statement }]));
  return [...own, ...below.flatMap(statementsIn)];
}

function keyOf({ repository, digest }: Subject): string {
  return `${repository}@${digest}`;
}

/** Undefined for a repository that does not list its tags, so that each must be requested. */
type Listings = (repository: RepositoryName, call: Call) => Promise<SourceListing | undefined>;

function listings({ registry, listed }: EvidenceServices, isExpected: (subject: Subject) => boolean): Listings {
  const lists = new Map<RepositoryName, ReturnType<Listings>>();
  const read = async (repository: RepositoryName, call: Call): ReturnType<Listings> => {
    const known = listed?.(repository);
    if (known !== undefined) return known;
    try {
      const listing = await registry.listRepository(repository, call);
      return sourceListing(listing, (digest) => isExpected({ repository, digest }));
    } catch (error) {
      if (!isPromotionError(error) || call.signal.aborted) throw error;
      return undefined;
    }
  };
  return (repository, call) => {
    const list = lists.get(repository) ?? read(repository, call);
    lists.set(repository, list);
    return list;
  };
}

type Need = Parameters<OpenVerifier>[1];

async function readItems(
  {
    registry,
    verifier,
    meterOf,
  }: Pick<EvidenceServices, 'registry' | 'meterOf'> & { readonly verifier: LaterVerifier },
  listingOf: Listings,
  { repository, digest }: Subject,
  signal: AbortSignal,
  tags: Tags,
): Promise<Found> {
  const call: Call = { signal, meter: meterOf?.(repository) };
  const [listing, referrers] = await Promise.all([
    listingOf(repository, call),
    registry.listReferrers(repository, digest, call),
  ]);
  const uploadedAt = listing?.uploads.get(digest);
  const when = uploadedAt === undefined ? {} : { uploadedAt };
  const known = knowing(registry, tags === 'listed' ? listing?.tags : undefined, referrers);
  const named = [cosignTag(digest, 'sig'), cosignTag(digest, 'att')];
  const tagged = await Promise.all(named.map((tag) => known.readManifest(repository, tag, call)));
  if (referrers.length === 0 && tagged.every((one) => one === undefined)) return { items: [], ...when };
  const attached = await attachedTo(known, verifier, repository, digest, call);
  return { items: attached.flatMap((one) => foundItem(one, digest) ?? []), ...when };
}

/** Wraps the registry so that known data is not requested again, and unlisted tags are not requested at all. */
function knowing(
  registry: RegistryReader,
  tags: ReadonlySet<string> | undefined,
  referrers: readonly Referrer[],
): RegistryReader {
  const manifests = new Map<string, Promise<Manifest | undefined>>();
  return {
    ...registry,
    listReferrers: async () => referrers,
    readManifest: (repository, reference, call) => {
      if (tags?.has(reference) === false && !isDigest(reference)) return Promise.resolve(undefined);
      const reading = manifests.get(reference) ?? registry.readManifest(repository, reference, call);
      manifests.set(reference, reading);
      return reading;
    },
  };
}

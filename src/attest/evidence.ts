import { isPromotionError } from '../errors.ts';
import type { Manifest } from '../image/descriptor.ts';
import { isDigest, type Digest } from '../image/digest.ts';
import { cosignTag } from '../image/cosign-tag.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { Evidence } from '../policy/provenance.ts';
import type { Call, Meter, Referrer, RegistryReader } from '../registry/roles.ts';
import { attachedTo } from './attached.ts';
import { foundItem, type FoundItem } from './evidence-items.ts';
import { platformsOf } from './evidence-platforms.ts';
import type { Verifier } from './roles.ts';

export type EvidenceServices = {
  readonly registry: RegistryReader;
  /** The manifest of a digest of staging; undefined when it is not there. */
  readonly manifestOf: (
    repository: RepositoryName,
    digest: Digest,
    signal: AbortSignal,
  ) => Promise<Manifest | undefined>;
  /** Asked only where something is attached. */
  readonly verifier: (signal: AbortSignal) => Promise<Verifier>;
  /** Where the requests to a repository's registry are counted. */
  readonly meterOf?: (repository: RepositoryName) => Meter;
};

/** A digest of a staging repository. */
export type Subject = { readonly repository: RepositoryName; readonly digest: Digest };

/** Finds out what is attached in staging: of each digest once, however often it is asked for. */
export type EvidenceReader = {
  /**
   * All signatures and attestations of a digest, each verified, with `platforms` also those of what an index points to.
   * Throws where something cannot be read: it might be what is tampered with.
   */
  read(subject: Subject, depth: 'itself' | 'platforms', signal: AbortSignal): Promise<Evidence>;
  /** The statements on vulnerabilities (reports and VEX) among the evidence that is verified, those of platforms too. */
  statements(subject: Subject, signal: AbortSignal): Promise<readonly Required<FoundItem>[]>;
};

/** Deeper than any index in use; a guard against one that was built to be followed for ever. */
const MAX_DEPTH = 16;

/** Costs, where nothing is attached, one list of tags for each repository, and one of referrers for each digest. */
export function evidenceReader(services: EvidenceServices): EvidenceReader {
  const found = new Map<string, Promise<readonly FoundItem[]>>();
  const tags = tagLists(services);
  const itemsOf = ({ repository, digest }: Subject, signal: AbortSignal): Promise<readonly FoundItem[]> => {
    const key = `${repository}@${digest}`;
    const reading = found.get(key) ?? readItems(services, tags, { repository, digest }, signal);
    found.set(key, reading);
    return reading;
  };
  const childrenOf = async (
    { repository, digest }: Subject,
    signal: AbortSignal,
  ): Promise<readonly Subject[] | undefined> => {
    const manifest = await services.manifestOf(repository, digest, signal);
    return manifest && platformsOf(manifest)?.map((child) => ({ repository, digest: child }));
  };
  const follow = async (subject: Subject, depth: number, signal: AbortSignal): Promise<Evidence> => {
    const [items, children] = await Promise.all([itemsOf(subject, signal), childrenOf(subject, signal)]);
    const platforms = depth === 0 ? [] : (children ?? []).map((child) => follow(child, depth - 1, signal));
    return {
      ...subject,
      isIndex: children !== undefined,
      items: items.map(({ item }) => item),
      platforms: await Promise.all(platforms),
    };
  };
  const collect = async (subject: Subject, depth: number, signal: AbortSignal): Promise<readonly FoundItem[]> => {
    const [items, children = []] = await Promise.all([itemsOf(subject, signal), childrenOf(subject, signal)]);
    const below = depth === 0 ? [] : children.map((child) => collect(child, depth - 1, signal));
    return [...items, ...(await Promise.all(below)).flat()];
  };
  return {
    read: ({ repository, digest }, depth, signal) =>
      follow({ repository, digest }, depth === 'itself' ? 0 : MAX_DEPTH, signal),
    statements: async ({ repository, digest }, signal) =>
      (await collect({ repository, digest }, MAX_DEPTH, signal)).flatMap(({ item, statement }) =>
        statement === undefined ? [] : [{ item, statement }],
      ),
  };
}

/** Cosign's tags that a repository has; undefined where it does not list them, so that each must be asked for. */
type TagLists = (repository: RepositoryName, call: Call) => Promise<ReadonlySet<string> | undefined>;

const COSIGN_TAG = /^sha(?:256|512)-[0-9a-f]+\.(?:sig|att)$/;

function tagLists({ registry }: EvidenceServices): TagLists {
  const lists = new Map<RepositoryName, ReturnType<TagLists>>();
  const read = async (repository: RepositoryName, call: Call): ReturnType<TagLists> => {
    try {
      const listing = await registry.listRepository(repository, call);
      const all =
        listing.kind === 'tags' ? [...listing.tags] : [...listing.manifests.values()].flatMap(({ tags }) => tags);
      return new Set(all.filter((tag) => COSIGN_TAG.test(tag)));
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

async function readItems(
  { registry, verifier, meterOf }: EvidenceServices,
  tagsOf: TagLists,
  { repository, digest }: Subject,
  signal: AbortSignal,
): Promise<readonly FoundItem[]> {
  const meter = meterOf?.(repository);
  const call: Call = { signal, ...(meter !== undefined && { meter }) };
  const [tags, referrers] = await Promise.all([
    tagsOf(repository, call),
    registry.listReferrers(repository, digest, call),
  ]);
  const known = knowing(registry, tags, referrers);
  const named = [cosignTag(digest, 'sig'), cosignTag(digest, 'att')];
  const tagged = await Promise.all(named.map((tag) => known.readManifest(repository, tag, call)));
  if (referrers.length === 0 && tagged.every((one) => one === undefined)) return [];
  const attached = await attachedTo(known, await verifier(signal), repository, digest, call);
  return attached.flatMap((one) => foundItem(one, digest) ?? []);
}

/** The registry as far as it is known already: nothing is asked for twice, and no tag that is not listed. */
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

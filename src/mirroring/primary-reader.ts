import { z } from 'zod';
import { asPromotionError, type PromotionError } from '../errors.ts';
import { isIndexType, type Manifest } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { digestJson, exactJson, jsonIn } from '../image/json.ts';
import { readOci } from '../image/oci.ts';
import { hostOf, type RepositoryName } from '../image/reference.ts';
import { attachedBy, type Shelf, type AttachedGroup } from '../plan/replication.ts';
import type { KeptLists } from '../registry/listing/kept-lists.ts';
import type { Call, Meter, RegistryReader } from '../registry/roles.ts';
import type { SourceReader } from '../registry/source.ts';

/** Reads primaries, each fact once for all mirrors. Keeps errors in `unread`, and returns nothing for them. */
export type PrimaryReader = {
  /** Returns true if a referrer was found there so far. */
  hasReferrers(primary: RepositoryName): boolean;
  /** Returns the images of a group that may have referrers. */
  subjects(group: AttachedGroup, shelf: Shelf): Promise<readonly Digest[]>;
  referrers(primary: RepositoryName, subject: Digest): Promise<readonly Digest[]>;
  resolve(primary: RepositoryName, tag: string): Promise<Digest | undefined>;
  manifest(primary: RepositoryName, wanted: Digest): Promise<Manifest | undefined>;
  /** Returns the subject of a manifest; undefined if it has none or is gone. */
  subjectOf(primary: RepositoryName, digest: Digest): Promise<Subject | undefined>;
  /** Returns the platforms of the index that a referrer is about; none if it is not about an index. */
  platforms(primary: RepositoryName, referrer: Digest): Promise<readonly Digest[]>;
  readonly unread: ReadonlyMap<RepositoryName, PromotionError>;
};

const descriptor = exactJson({ mediaType: z.string(), digest: digestJson });
// https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md and image-index.md
const withSubject = exactJson({ subject: descriptor.optional() });

type Subject = { readonly digest: Digest; readonly isIndex: boolean };

type PrimaryReaderServices = {
  readonly registry: RegistryReader;
  readonly source: SourceReader;
  readonly meterOf: (repository: RepositoryName) => Meter;
  readonly signal: AbortSignal;
};

/** Returns a reader that has read nothing yet. It keeps only digests, and limits their number. */
export function primaryReader(
  { registry, source, meterOf, signal }: PrimaryReaderServices,
  kept: KeptLists,
): PrimaryReader {
  const unread = new Map<RepositoryName, PromotionError>();
  const attached = new Set<RepositoryName>();
  const callTo = (repository: RepositoryName): Call => ({ signal, meter: meterOf(repository) });
  const attempt = noting(unread, signal);
  const ask = remembering(attempt);
  const manifest: PrimaryReader['manifest'] = (primary, wanted) =>
    attempt(primary, () => source.manifest(primary, wanted, signal));
  const referrers: PrimaryReader['referrers'] = async (primary, subject) => {
    const list = async (): Promise<readonly Digest[]> => {
      const listed = (await registry.listReferrers(primary, subject, callTo(primary))).map(({ digest }) => digest);
      kept.keep(primary, listed.length);
      return listed;
    };
    const found = (await ask(primary, `referrers ${subject}`, list)) ?? [];
    if (found.length > 0) attached.add(primary);
    return found;
  };
  const keepsReferrers = async (primary: RepositoryName, subject: Digest): Promise<boolean> => {
    const keeps = async (): Promise<boolean | undefined> => registry.keepsReferrers(primary, subject, callTo(primary));
    return (await ask(primary, 'keeps referrers', keeps)) === true;
  };
  return {
    unread,
    ...manifestQuestions(manifest, ask),
    manifest,
    hasReferrers: (primary) => attached.has(primary),
    resolve: (primary, tag) =>
      ask(primary, `tag ${tag}`, async () => (await registry.resolveManifest(primary, tag, callTo(primary)))?.digest),
    referrers,
    subjects: subjectsOf(referrers, keepsReferrers),
  };
}

function subjectsOf(
  referrers: PrimaryReader['referrers'],
  keepsReferrers: (primary: RepositoryName, subject: Digest) => Promise<boolean>,
): PrimaryReader['subjects'] {
  const probes = new Map<string, Promise<unknown>>();
  return async ({ primary, images }, shelf) => {
    const tagged = [...shelf.tags.keys()].flatMap((tag) => attachedBy(tag) ?? []);
    const [first] = images;
    if (first === undefined) return [];
    // the answer to the first list shows whether the host keeps referrers, without a request of its own
    const probe = probes.get(hostOf(primary)) ?? referrers(primary, first.digest);
    probes.set(hostOf(primary), probe);
    await probe;
    const isKept = await keepsReferrers(primary, first.digest);
    const named = tagged.filter(({ form }) => isKept || form === 'list').map(({ subject }) => subject);
    return [...new Set([...(isKept ? images.map((image) => image.digest) : []), ...named])];
  };
}

function manifestQuestions(
  manifest: PrimaryReader['manifest'],
  ask: Ask,
): Pick<PrimaryReader, 'subjectOf' | 'platforms'> {
  const subjectOf: PrimaryReader['subjectOf'] = (primary, wanted) =>
    ask(primary, `subject of ${wanted}`, async () => {
      const found = await manifest(primary, wanted);
      const subject = found && withSubject.safeParse(jsonIn(found.bytes)).data?.subject;
      return subject && { digest: subject.digest, isIndex: isIndexType(subject.mediaType) };
    });
  return {
    subjectOf,
    platforms: async (primary, referrer) => {
      const subject = await subjectOf(primary, referrer);
      if (subject?.isIndex !== true) return [];
      const found = await manifest(primary, subject.digest);
      const index = found && readOci(found);
      return index?.kind === 'index' ? index.children.map((platform) => platform.digest) : [];
    },
  };
}

type Attempt = <T>(primary: RepositoryName, answer: () => Promise<T>) => Promise<T | undefined>;

/** Keeps the first error of each primary. */
function noting(unread: Map<RepositoryName, PromotionError>, signal: AbortSignal): Attempt {
  return (primary, answer) =>
    answer().catch((error: unknown) => {
      const failure = asPromotionError(error, signal);
      if (!unread.has(primary)) unread.set(primary, failure);
      return undefined;
    });
}

type Ask = <T>(primary: RepositoryName, question: string, answer: () => Promise<T>) => Promise<T | undefined>;

/** Reads each fact of a primary once. */
function remembering(attempt: Attempt): Ask {
  const answers = new Map<string, Promise<unknown>>();
  return <T>(primary: RepositoryName, question: string, answer: () => Promise<T>): Promise<T | undefined> => {
    const key = `${primary} ${question}`;
    const asked = (answers.get(key) as Promise<T | undefined> | undefined) ?? attempt(primary, answer);
    answers.set(key, asked);
    return asked;
  };
}

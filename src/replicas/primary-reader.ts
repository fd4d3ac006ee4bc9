import { z } from 'zod';
import { asPromotionError, type PromotionError } from '../errors.ts';
import { isIndexType, type Manifest } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { digestJson, exactJson, jsonIn } from '../image/json.ts';
import { readOci } from '../image/oci.ts';
import { hostOf, type RepositoryName } from '../image/reference.ts';
import { attachedBy, type Shelf, type AttachedGroup } from '../plan/replication.ts';
import type { Call, Meter, Referrer, RegistryReader } from '../registry/roles.ts';
import type { SourceReader } from '../registry/source.ts';

/** Asks primaries, each question once however many mirrors need the answer. Trouble is kept in `unread`, and answers nothing. */
export type PrimaryReader = {
  /** Whether some referrer was found there so far. */
  hasReferrers(primary: RepositoryName): boolean;
  /** The images of a group that something may refer to. */
  subjects(group: AttachedGroup, shelf: Shelf): Promise<readonly Digest[]>;
  referrers(primary: RepositoryName, subject: Digest): Promise<readonly Referrer[]>;
  resolve(primary: RepositoryName, tag: string): Promise<Digest | undefined>;
  manifest(primary: RepositoryName, wanted: Digest): Promise<Manifest | undefined>;
  /** What a manifest names as its subject; undefined when it names none or is gone. */
  subjectOf(primary: RepositoryName, digest: Digest): Promise<Subject | undefined>;
  /** The platforms of the index that this referrer is about; none when it is about something else. */
  platforms(primary: RepositoryName, referrer: Digest): Promise<readonly Digest[]>;
  readonly unread: ReadonlyMap<RepositoryName, PromotionError>;
};

const descriptor = exactJson({ mediaType: z.string(), digest: digestJson });
// https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md and image-index.md
const withSubject = exactJson({ subject: descriptor.optional() });

export type Subject = z.infer<typeof descriptor>;

export type PrimaryReaderServices = {
  readonly registry: RegistryReader;
  readonly source: SourceReader;
  readonly meterOf: (repository: RepositoryName) => Meter;
  readonly signal: AbortSignal;
};

/** A reader that knows nothing yet. */
export function primaryReader({ registry, source, meterOf, signal }: PrimaryReaderServices): PrimaryReader {
  const unread = new Map<RepositoryName, PromotionError>();
  const attached = new Set<RepositoryName>();
  const callTo = (repository: RepositoryName): Call => ({ signal, meter: meterOf(repository) });
  const probes = new Map<string, Promise<unknown>>();
  const ask = remembering(unread, signal);
  const manifest: PrimaryReader['manifest'] = (primary, wanted) =>
    ask(primary, `manifest ${wanted}`, () => source.manifest(primary, wanted, signal));
  const referrers: PrimaryReader['referrers'] = async (primary, subject) => {
    const list = async (): Promise<readonly Referrer[]> => registry.listReferrers(primary, subject, callTo(primary));
    const found = (await ask(primary, `referrers ${subject}`, list)) ?? [];
    if (found.length > 0) attached.add(primary);
    return found;
  };
  return {
    unread,
    ...manifestQuestions(manifest),
    manifest,
    hasReferrers: (primary) => attached.has(primary),
    resolve: (primary, tag) =>
      ask(primary, `tag ${tag}`, async () => (await registry.resolveManifest(primary, tag, callTo(primary)))?.digest),
    referrers,
    subjects: async ({ primary, images }, shelf) => {
      const tagged = [...shelf.tags.keys()].flatMap((tag) => attachedBy(tag) ?? []);
      const [first] = images;
      if (first === undefined) return [];
      // What a host answers to the first list tells whether it keeps any: nobody is asked only for that.
      const probe = probes.get(hostOf(primary)) ?? referrers(primary, first.digest);
      probes.set(hostOf(primary), probe);
      await probe;
      const keeps = async (): Promise<boolean> => registry.keepsReferrers(primary, first.digest, callTo(primary));
      const isKept = (await ask(primary, 'keeps referrers', keeps)) === true;
      const named = tagged.filter(({ form }) => isKept || form === 'list').map(({ subject }) => subject);
      return [...new Set([...(isKept ? images.map((image) => image.digest) : []), ...named])];
    },
  };
}

function manifestQuestions(manifest: PrimaryReader['manifest']): Pick<PrimaryReader, 'subjectOf' | 'platforms'> {
  const subjectOf: PrimaryReader['subjectOf'] = async (primary, wanted) => {
    const found = await manifest(primary, wanted);
    return found && withSubject.safeParse(jsonIn(found.bytes)).data?.subject;
  };
  return {
    subjectOf,
    platforms: async (primary, referrer) => {
      const subject = await subjectOf(primary, referrer);
      if (subject === undefined || !isIndexType(subject.mediaType)) return [];
      const found = await manifest(primary, subject.digest);
      const index = found && readOci(found);
      return index?.kind === 'index' ? index.children.map((platform) => platform.digest) : [];
    },
  };
}

/** Answers each question of a primary once, and keeps the first trouble of each. */
function remembering(
  unread: Map<RepositoryName, PromotionError>,
  signal: AbortSignal,
): <T>(primary: RepositoryName, question: string, answer: () => Promise<T>) => Promise<T | undefined> {
  const answers = new Map<string, Promise<unknown>>();
  return <T>(primary: RepositoryName, question: string, answer: () => Promise<T>): Promise<T | undefined> => {
    const key = `${primary} ${question}`;
    const known = answers.get(key);
    if (known !== undefined) return known as Promise<T | undefined>;
    const asked = answer().catch((error: unknown) => {
      const failure = asPromotionError(error, signal);
      if (!unread.has(primary)) unread.set(primary, failure);
      return undefined;
    });
    answers.set(key, asked);
    return asked;
  };
}

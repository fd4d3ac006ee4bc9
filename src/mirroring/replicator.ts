import { asPromotionError, isPromotionError, type PromotionError } from '../errors.ts';
import type { Manifest } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { Copier } from '../registry/copying/copier.ts';
import type { CopiedMirror } from '../registry/copying/types.ts';
import type { Attacher, AttachmentBatch } from '../registry/attaching/attacher.ts';
import type { Call, Meter, RegistryReader } from '../registry/roles.ts';
import type { SourceReader } from '../registry/source.ts';
import type { TagRegistry } from '../registry/attaching/tag-update.ts';
import { attachedBy } from '../plan/replication.ts';
import { attachmentOf, isContained } from './attachment.ts';
import type { AttachedLack } from './lack.ts';
import { mergeTag, unmergeable, type TagMergerServices } from './tag-merger.ts';

type ReplicatorServices = TagMergerServices & {
  readonly registry: RegistryReader & TagRegistry;
  readonly source: SourceReader;
  readonly copier: Copier;
  readonly attacher: Attacher;
};

/** The result of one mirror; without an error it has the same bytes as the primary. Times in milliseconds. */
type MirrorResult = {
  readonly repository: RepositoryName;
  readonly error?: PromotionError;
  /** Every write was acknowledged, and only the read-back is missing. */
  readonly isWritten?: true;
  readonly attempts: number;
  readonly meter: Meter;
  readonly ms: number;
};

/** `gone`: the primary no longer has it, so that nothing was copied. */
export type Replicated = {
  readonly lack: AttachedLack;
  readonly gone: boolean;
  readonly results: readonly MirrorResult[];
  readonly sourceReads: number;
};

/** Copies attachments of a primary to the mirrors that lack them; reads each once. */
export type Replicator = {
  copy(lack: AttachedLack, batch: AttachmentBatch, signal: AbortSignal): Promise<Replicated>;
  /** Starts the batch of one image. */
  batch(): AttachmentBatch;
  /** Updates the list of each mirror with one write; a mirror where that fails has failed. */
  list(copied: readonly Replicated[], batch: AttachmentBatch, signal: AbortSignal): Promise<readonly Replicated[]>;
  /** Reads the written lists again, and repairs one that another job replaced; returns the errors. */
  settle(signal: AbortSignal): Promise<readonly PromotionError[]>;
};

/** A replicator for a whole run. */
export function replicator(services: ReplicatorServices): Replicator {
  return {
    batch: services.attacher.batch,
    settle: (signal) =>
      services.attacher.tags.settle((repository) => ({ signal, meter: services.meterOf(repository) })),
    copy: async (lack, batch, signal) => {
      try {
        return await replicate(services, lack, batch, signal);
      } catch (error) {
        const failure = asPromotionError(error, signal);
        const results = lack.mirrors.map((repository) => failed(repository, failure));
        return { lack, gone: false, results, sourceReads: 0 };
      }
    },
    list: async (copied, batch, signal) => {
      const errors = new Map<RepositoryName, PromotionError>();
      const mirrors = new Set(copied.flatMap(({ results }) => results.map(({ repository }) => repository)));
      const write = async (mirror: RepositoryName): Promise<void> => {
        const meter = copied.flatMap(({ results }) => results).find(({ repository }) => repository === mirror)?.meter;
        try {
          await batch.write(mirror, { signal, ...(meter !== undefined && { meter }) });
        } catch (error) {
          errors.set(mirror, asPromotionError(error, signal));
        }
      };
      await Promise.all([...mirrors].map(write));
      return copied.map((one) => (one.lack.tag === undefined ? withErrors(one, errors) : one));
    },
  };
}

function withErrors(replicated: Replicated, errors: ReadonlyMap<RepositoryName, PromotionError>): Replicated {
  const results = replicated.results.map((result) => {
    const error = result.error ?? errors.get(result.repository);
    return error === undefined ? result : { ...result, error };
  });
  return { ...replicated, results };
}

async function replicate(
  services: ReplicatorServices,
  lack: AttachedLack,
  batch: AttachmentBatch,
  signal: AbortSignal,
): Promise<Replicated> {
  const { primary, digest, tag } = lack;
  const manifest = await services.source.manifest(primary, digest, signal);
  if (manifest === undefined) return { lack, gone: true, results: [], sourceReads: 0 };
  const targets = lack.mirrors.map((repository) => ({
    repository,
    action: 'copy' as const,
    tags: tag === undefined ? [] : [tag],
    isNew: false,
    mayReplace: (current: Digest): Promise<boolean> => mayReplace(services, manifest, { repository, current }, signal),
  }));
  const { mirrors, sourceReads } = await services.copier.copy({ source: primary, digest, targets }, signal).done;
  const gone = mirrors.length > 0 && mirrors.every(({ error }) => isPromotionError(error, 'LOST'));
  if (gone) return { lack, gone, results: [], sourceReads };
  const finish = async ({ target: { repository }, error, moves, ...result }: CopiedMirror): Promise<MirrorResult> => {
    const { attempts, meter, ms } = result;
    const call = { signal, meter };
    const failure =
      error ??
      (moves.length > 0
        ? await keepBoth(services, lack, manifest, repository, call)
        : tag === undefined && (await list(batch, manifest, repository, call)));
    return { repository, attempts, meter, ms, ...(failure && { error: failure }) };
  };
  return { lack, gone, results: await Promise.all(mirrors.map(finish)), sourceReads };
}

/** A mirror, and the digest that its tag points to. */
type TaggedMirror = { readonly repository: RepositoryName; readonly current: Digest };

/** Returns true unless a mirror's tag holds layers that the primary's lacks, which would be lost. */
async function mayReplace(
  { registry, meterOf }: ReplicatorServices,
  manifest: Manifest,
  { repository, current }: TaggedMirror,
  signal: AbortSignal,
): Promise<boolean> {
  const there = await registry.readManifest(repository, current, { signal, meter: meterOf(repository) });
  return there === undefined || isContained(there, manifest);
}

/** Adds the primary's signatures to a mirror's tag that holds others; returns why that cannot be done. */
async function keepBoth(
  services: ReplicatorServices,
  { primary, tag = '' }: AttachedLack,
  manifest: Manifest,
  mirror: RepositoryName,
  call: Call,
): Promise<PromotionError | undefined> {
  const target = { primary, mirror, tag };
  if (attachedBy(tag)?.form !== 'sig') return unmergeable(target);
  try {
    await mergeTag(services, manifest, target, call);
    return undefined;
  } catch (error) {
    return asPromotionError(error, call.signal);
  }
}

/** Notes the referrer that a mirror now holds for its list; some list it by themselves. */
async function list(
  batch: AttachmentBatch,
  manifest: Manifest,
  repository: RepositoryName,
  call: Call,
): Promise<PromotionError | undefined> {
  const attachment = attachmentOf(manifest);
  if (attachment === undefined) return undefined;
  try {
    await batch.list(repository, attachment, call);
    return undefined;
  } catch (error) {
    return asPromotionError(error, call.signal);
  }
}

function failed(repository: RepositoryName, error: PromotionError): MirrorResult {
  return { repository, error, attempts: 1, meter: { requests: 0, bytes: 0 }, ms: 0 };
}

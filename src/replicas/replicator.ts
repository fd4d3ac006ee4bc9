import { asPromotionError, isPromotionError, PromotionError } from '../errors.ts';
import type { Manifest } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { Copier } from '../registry/copy.ts';
import type { Attacher } from '../registry/referrers.ts';
import type { Meter, RegistryReader } from '../registry/roles.ts';
import type { SourceReader } from '../registry/source.ts';
import { attachmentOf, isContained } from './attachment.ts';
import type { AttachedLack } from './lack.ts';

export type ReplicatorServices = {
  readonly registry: RegistryReader;
  readonly source: SourceReader;
  readonly copier: Copier;
  readonly attacher: Attacher;
  readonly meterOf: (repository: RepositoryName) => Meter;
};

/** What became of one mirror: it has the same bytes as the primary when there is no error. Times in milliseconds. */
export type MirrorResult = {
  readonly repository: RepositoryName;
  readonly error?: PromotionError;
  readonly attempts: number;
  readonly meter: Meter;
  readonly ms: number;
};

/** `gone`: the primary does not have it any more, so that nothing was copied. */
export type Replicated = {
  readonly lack: AttachedLack;
  readonly gone: boolean;
  readonly results: readonly MirrorResult[];
  readonly sourceReads: number;
};

/** Brings what is attached on a primary to the mirrors that lack it; it is read there once. */
export type Replicator = (lack: AttachedLack, signal: AbortSignal) => Promise<Replicated>;

/** A replicator for a whole run. */
export function replicator(services: ReplicatorServices): Replicator {
  return async (lack, signal) => {
    try {
      return await replicate(services, lack, signal);
    } catch (error) {
      const failure = asPromotionError(error, signal);
      const results = lack.mirrors.map(({ repository }) => failed(repository, failure));
      return { lack, gone: false, results, sourceReads: 0 };
    }
  };
}

async function replicate(services: ReplicatorServices, lack: AttachedLack, signal: AbortSignal): Promise<Replicated> {
  const { primary, digest, tag } = lack;
  const manifest = await services.source.manifest(primary, digest, signal);
  if (manifest === undefined) return { lack, gone: true, results: [], sourceReads: 0 };
  const refusals = new Map<RepositoryName, PromotionError>();
  const targets = lack.mirrors.map(({ repository }) => ({
    repository,
    action: 'copy' as const,
    tags: tag === undefined ? [] : [tag],
    isNew: false,
    mayReplace: async (current: Digest): Promise<boolean> => {
      const error = await refusal(services, lack, manifest, { repository, current }, signal);
      if (error !== undefined) refusals.set(repository, error);
      return error === undefined;
    },
  }));
  const { lanes, sourceReads } = await services.copier.copy({ source: primary, digest, targets }, signal).done;
  const gone = lanes.length > 0 && lanes.every(({ error }) => isPromotionError(error, 'LOST'));
  if (gone) return { lack, gone, results: [], sourceReads };
  const copied = lanes.map(
    async ({ target: { repository }, error: broken, attempts, meter, ms }): Promise<MirrorResult> => {
      const lane = { repository, attempts, meter, ms };
      const failure = broken ?? refusals.get(repository);
      if (failure !== undefined) return { ...lane, error: failure };
      if (tag !== undefined) return lane;
      const error = await list(services, manifest, repository, meter, signal);
      return { ...lane, ...(error !== undefined && { error }) };
    },
  );
  return { lack, gone, results: await Promise.all(copied), sourceReads };
}

/** A mirror, and the digest that its tag points to. */
type TaggedMirror = { readonly repository: RepositoryName; readonly current: Digest };

/** Returns why a mirror's tag must not be replaced: it holds signatures that the primary's lacks. */
async function refusal(
  { registry, meterOf }: ReplicatorServices,
  { primary, tag }: AttachedLack,
  manifest: Manifest,
  { repository, current }: TaggedMirror,
  signal: AbortSignal,
): Promise<PromotionError | undefined> {
  try {
    const there = await registry.readManifest(repository, current, { signal, meter: meterOf(repository) });
    if (there === undefined || isContained(there, manifest)) return undefined;
  } catch (error) {
    return asPromotionError(error, signal);
  }
  return new PromotionError(
    'TAG_MOVE',
    `${repository}:${tag} holds something that ${primary}:${tag} does not, and would lose it`,
    { side: 'destination', hint: `copy it to ${primary} with \`cosign copy\` or by hand, or delete the mirror's tag` },
  );
}

/** Has a mirror list the referrer that it now holds; some list it by themselves. */
async function list(
  { attacher }: ReplicatorServices,
  manifest: Manifest,
  repository: RepositoryName,
  meter: Meter,
  signal: AbortSignal,
): Promise<PromotionError | undefined> {
  const attachment = attachmentOf(manifest);
  if (attachment === undefined) return undefined;
  try {
    await attacher.list(repository, attachment, { signal, meter });
    return undefined;
  } catch (error) {
    return asPromotionError(error, signal);
  }
}

function failed(repository: RepositoryName, error: PromotionError): MirrorResult {
  return { repository, error, attempts: 1, meter: { requests: 0, bytes: 0 }, ms: 0 };
}

import { isPromotionError, PromotionError } from '../errors.ts';
import type { Manifest } from '../image/descriptor.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { Copier } from '../registry/copy.ts';
import type { Attacher } from '../registry/referrers.ts';
import type { Meter, RegistryReader } from '../registry/roles.ts';
import type { SourceReader } from '../registry/source.ts';
import { attachmentOf, isContained } from './attachment.ts';
import type { AttachedLack, LackingMirror } from './lack.ts';

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
      if (!isPromotionError(error) || signal.aborted) throw error;
      const results = lack.mirrors.map(({ repository }) => failed(repository, error));
      return { lack, gone: false, results, sourceReads: 0 };
    }
  };
}

async function replicate(services: ReplicatorServices, lack: AttachedLack, signal: AbortSignal): Promise<Replicated> {
  const { primary, digest, tag } = lack;
  const manifest = await services.source.manifest(primary, digest, signal);
  if (manifest === undefined) return { lack, gone: true, results: [], sourceReads: 0 };
  const judge = async (mirror: LackingMirror): Promise<MirrorResult | undefined> => {
    const error = await refusal(services, lack, manifest, mirror, signal);
    return error && failed(mirror.repository, error);
  };
  const refused = (await Promise.all(lack.mirrors.map(judge))).filter((result) => result !== undefined);
  const free = lack.mirrors.filter(({ repository }) => refused.every((result) => result.repository !== repository));
  const targets = free.map(({ repository }) => ({
    repository,
    action: 'copy' as const,
    tags: tag === undefined ? [] : [tag],
    isNew: false,
  }));
  const { lanes, sourceReads } = await services.copier.copy({ source: primary, digest, targets }, signal).done;
  const gone = lanes.length > 0 && lanes.every(({ error }) => isPromotionError(error, 'LOST'));
  if (gone) return { lack, gone, results: refused, sourceReads };
  const copied = lanes.map(async ({ target: { repository }, ...lane }): Promise<MirrorResult> => {
    if (lane.error !== undefined || tag !== undefined) return { repository, ...lane };
    const error = await list(services, manifest, repository, lane.meter, signal);
    return { repository, ...lane, ...(error !== undefined && { error }) };
  });
  return { lack, gone, results: [...refused, ...(await Promise.all(copied))], sourceReads };
}

/** Why a mirror's tag is not to be replaced: it has signatures that the primary does not know. */
async function refusal(
  { registry, meterOf }: ReplicatorServices,
  { primary, tag }: AttachedLack,
  manifest: Manifest,
  { repository, replaces }: LackingMirror,
  signal: AbortSignal,
): Promise<PromotionError | undefined> {
  if (replaces === undefined || tag === undefined) return undefined;
  try {
    const there = await registry.readManifest(repository, replaces, { signal, meter: meterOf(repository) });
    if (there === undefined || isContained(there, manifest)) return undefined;
  } catch (error) {
    if (!isPromotionError(error) || signal.aborted) throw error;
    return error;
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
    if (!isPromotionError(error) || signal.aborted) throw error;
    return error;
  }
}

function failed(repository: RepositoryName, error: PromotionError): MirrorResult {
  return { repository, error, attempts: 1, meter: { requests: 0, bytes: 0 }, ms: 0 };
}

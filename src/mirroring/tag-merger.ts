import { PromotionError } from '../errors.ts';
import type { Descriptor, Manifest } from '../image/descriptor.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { Attacher } from '../registry/attaching/attacher.ts';
import type { BlobReader, Call, Meter } from '../registry/roles.ts';
import type { SmallBlob } from '../registry/attaching/small-blobs.ts';
import type { TagChange } from '../registry/attaching/tag-update.ts';
import { wholeBlob } from '../registry/copying/whole-blob.ts';
import { isContained } from './attachment.ts';

/** A manifest of the primary to be merged into the one of a mirror. */
type Merged = {
  readonly manifest: Manifest;
  readonly config: SmallBlob;
  /** The blobs that the mirror may lack. */
  readonly payloads: readonly Descriptor[];
};

/** Merges the manifests of primary and mirror; returns undefined if they cannot be merged. */
type Merge = (primary: Manifest, mirror: Manifest) => Merged | undefined;

export type TagMergerServices = {
  readonly registry: BlobReader;
  readonly attacher: Pick<Attacher, 'tags'>;
  readonly merge: Merge;
  readonly meterOf: (repository: RepositoryName) => Meter;
};

type MergeTarget = { readonly primary: RepositoryName; readonly mirror: RepositoryName; readonly tag: string };

/** Merges the primary's tag into the mirror's, which loses nothing. Throws TAG_MOVE if it is not a list of signatures, LIST_IMMUTABLE if the tag cannot be changed. */
export async function mergeTag(
  { registry, attacher, merge, meterOf }: TagMergerServices,
  manifest: Manifest,
  target: MergeTarget,
  call: Call,
): Promise<void> {
  const { primary, mirror, tag } = target;
  const source = { ...call, meter: meterOf(primary) };
  const change: TagChange = async (current) => {
    if (current === undefined) throw gone(target);
    if (isContained(manifest, current)) return undefined;
    const merged = merge(manifest, current);
    if (merged === undefined) throw unmergeable(target);
    const payloads = await Promise.all(merged.payloads.map((blob) => smallBlob(registry, primary, blob, source)));
    return { manifest: merged.manifest, blobs: [...payloads, merged.config] };
  };
  await attacher.tags.update(mirror, tag, change, call);
}

async function smallBlob(
  registry: BlobReader,
  repository: RepositoryName,
  descriptor: Descriptor,
  call: Call,
): Promise<SmallBlob> {
  return { descriptor, bytes: await wholeBlob(descriptor, () => registry.readBlob(repository, descriptor, call)) };
}

/** What both repositories hold cannot be told apart into signatures: only a person can say which of it is right. */
export function unmergeable({ primary, mirror, tag }: MergeTarget): PromotionError {
  return new PromotionError(
    'TAG_MOVE',
    `${mirror}:${tag} holds something that ${primary}:${tag} does not, and would lose it`,
    { side: 'destination', hint: `copy it to ${primary} with \`cosign copy\` or by hand, or delete the mirror's tag` },
  );
}

function gone({ mirror, tag }: MergeTarget): PromotionError {
  const hint = 'run again: the tag is then copied as it is on the primary';
  return new PromotionError('INCOMPLETE', `${mirror}:${tag} was removed meanwhile`, { side: 'destination', hint });
}

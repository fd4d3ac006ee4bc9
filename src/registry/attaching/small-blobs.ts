import { isPromotionError, PromotionError, type ErrorCode } from '../../errors.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { BlobReader, BlobWriter, Call } from '../roles.ts';

/** A blob whose bytes are at hand. */
export type SmallBlob = { readonly descriptor: Descriptor; readonly bytes: Uint8Array };

/** Uploads of one blob; replays by the request layer not counted. */
const MAX_UPLOADS = 3;

/** After one of these the registry has heard of the upload, and can forget it. */
const ANSWERED: readonly ErrorCode[] = ['DIGEST_MISMATCH', 'UNAUTHORIZED', 'DENIED', 'REGISTRY_PROTOCOL'];

/**
 * Brings the blobs into the repository; resolves to true when all were there before. A registry is asked to mount them from
 * the repository itself, which is done where they are there and else opens the upload: no request is spent on asking.
 */
export async function storeBlobs(
  registry: BlobReader & BlobWriter,
  repository: RepositoryName,
  blobs: readonly SmallBlob[],
  call: Call,
): Promise<boolean> {
  const were = await Promise.all(blobs.map((blob) => storeBlob(registry, repository, blob, repository, call)));
  return were.every(Boolean);
}

/** Like storeBlobs for a registry that turned out not to have what it claimed: all are sent. */
export async function sendBlobs(
  registry: BlobReader & BlobWriter,
  repository: RepositoryName,
  blobs: readonly SmallBlob[],
  call: Call,
): Promise<void> {
  await Promise.all(blobs.map((blob) => storeBlob(registry, repository, blob, undefined, call)));
}

async function storeBlob(
  registry: BlobReader & BlobWriter,
  repository: RepositoryName,
  { descriptor, bytes }: SmallBlob,
  from: RepositoryName | undefined,
  call: Call,
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const started = await registry.startBlob(repository, descriptor, from, call);
    if (started === 'mounted') return true;
    try {
      await started.send(bytes, call);
      return false;
    } catch (error) {
      if (error instanceof PromotionError && ANSWERED.includes(error.code)) await started.abandon(call);
      if (!isPromotionError(error, 'UPLOAD_LOST')) throw error;
      // A replayed request finds its session closed when the first one had succeeded after all.
      if ((await registry.lookUpBlob(repository, descriptor, call)) === 'present') return false;
      if (attempt === MAX_UPLOADS) throw error;
    }
  }
}

import { isPromotionError, PromotionError, type ErrorCode } from '../../errors.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { BlobReader, BlobWriter, Call } from '../roles.ts';

/** A blob whose bytes are in memory. */
export type SmallBlob = { readonly descriptor: Descriptor; readonly bytes: Uint8Array };

/** Upload attempts for one blob, not counting replays by the request layer. */
const MAX_UPLOADS = 3;

/** Errors after which the registry has the upload session and can delete it. */
const ANSWERED: readonly ErrorCode[] = ['DIGEST_MISMATCH', 'UNAUTHORIZED', 'DENIED', 'REGISTRY_PROTOCOL'];

/**
 * Uploads the blobs to the repository; resolves to true if all existed before. Asks the registry to mount them from the
 * repository itself: it does so if they exist and opens an upload otherwise, so that no request is spent on a check.
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

/** Like storeBlobs, but uploads all blobs, for a registry that turned out to lack blobs that it claimed to have. */
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
      // A replayed request finds its session closed if the first one succeeded after all.
      if ((await registry.lookUpBlob(repository, descriptor, call)) === 'present') return false;
      if (attempt === MAX_UPLOADS) throw error;
    }
  }
}

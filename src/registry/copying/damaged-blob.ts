import { isPromotionError, PromotionError } from '../../errors.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { BlobLedger } from './blob-ledger.ts';
import { referenceText } from '../request.ts';
import type { Mirror } from './mirror.ts';
import type { BlobReader } from '../roles.ts';

type Services = { readonly registry: BlobReader; readonly ledger: BlobLedger };

/** Returns true if the target's repository has the blob undamaged; records a damaged one. */
export async function isThere({ registry, ledger }: Services, blob: Descriptor, mirror: Mirror): Promise<boolean> {
  const { repository } = mirror.target;
  const state = await registry.lookUpBlob(repository, blob, mirror.call);
  if (state === 'damaged') ledger.recordDamage(repository, blob.digest);
  return state === 'present';
}

/**
 * Throws INCOMPLETE if a registry still has a damaged blob after it was uploaded again: some registries keep existing
 * content and drop the upload. A wrong length in a HEAD is believed only if the bytes are wrong as well.
 */
export async function checkRepair({ registry, ledger }: Services, blob: Descriptor, mirror: Mirror): Promise<void> {
  const { repository } = mirror.target;
  if (!ledger.isDamaged(repository, blob.digest)) return;
  if ((await registry.lookUpBlob(repository, blob, mirror.call)) !== 'damaged') return;
  try {
    for await (const chunk of registry.readBlob(repository, blob, mirror.call)) void chunk;
  } catch (cause) {
    mirror.call.signal.throwIfAborted();
    if (!isPromotionError(cause)) throw cause;
    throw new PromotionError(
      'INCOMPLETE',
      `the registry keeps a damaged copy of ${referenceText(repository, blob.digest)}, although all ${blob.size} bytes were uploaded again`,
      {
        side: 'destination',
        hint: "ask the registry's operator to remove that blob from its storage, then run again",
        cause,
      },
    );
  }
}

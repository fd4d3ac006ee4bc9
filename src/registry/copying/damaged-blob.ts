import { isPromotionError, PromotionError } from '../../errors.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { BlobLedger } from './blob-ledger.ts';
import { referenceText } from '../distribution/manifests.ts';
import type { Lane } from './lane.ts';
import type { BlobReader } from '../roles.ts';

type Services = { readonly registry: BlobReader; readonly ledger: BlobLedger };

/** Asks whether the lane's repository has the blob whole, and notes if it has it damaged. */
export async function isThere({ registry, ledger }: Services, blob: Descriptor, lane: Lane): Promise<boolean> {
  const { repository } = lane.target;
  const state = await registry.lookUpBlob(repository, blob, lane.call);
  if (state === 'damaged') ledger.noteDamage(repository, blob.digest);
  return state === 'present';
}

/**
 * After a blob was sent to a registry that had it damaged: throws INCOMPLETE if it still has. Some keep what they have under
 * a digest and drop what is sent. A HEAD that tells a wrong length is not believed before the bytes are wrong, too.
 */
export async function checkRepair({ registry, ledger }: Services, blob: Descriptor, lane: Lane): Promise<void> {
  const { repository } = lane.target;
  if (!ledger.isDamaged(repository, blob.digest)) return;
  if ((await registry.lookUpBlob(repository, blob, lane.call)) !== 'damaged') return;
  try {
    for await (const chunk of registry.readBlob(repository, blob, lane.call)) void chunk;
  } catch (cause) {
    lane.call.signal.throwIfAborted();
    if (!isPromotionError(cause)) throw cause;
    throw new PromotionError(
      'INCOMPLETE',
      `the registry keeps a damaged copy of ${referenceText(repository, blob.digest)}, although all ${blob.size} bytes were sent again`,
      {
        side: 'destination',
        hint: "have the registry's operator remove that blob from its storage, then run again",
        cause,
      },
    );
  }
}

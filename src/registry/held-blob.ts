import { PromotionError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { bring, isWorthWaitingFor, type BlobTransfer, type TransferServices } from './blob-transfer.ts';
import { PATIENCE_MS } from './copy-shared.ts';
import type { Lane } from './lane.ts';

type Content = { readonly bytes: Uint8Array; readonly giveBack: () => void };

/** A blob small enough to be held in memory until every mirror has it. */
export function heldBlob(
  services: TransferServices,
  blob: Descriptor,
  lanes: number,
  signal: AbortSignal,
): BlobTransfer {
  const using = new Set<Lane>();
  let content: Promise<Content> | undefined;
  let left = lanes;
  let firstDone: number | undefined;

  // When memory runs short, whoever still needs this blob long after others were done with it must let go.
  const relieve = (): void => {
    if (firstDone === undefined || services.clock.now() - firstDone < PATIENCE_MS) return;
    for (const lane of using)
      lane.leave(
        new PromotionError('LAGGING', 'this mirror kept a blob in memory that the others were done with', {
          side: 'destination',
        }),
      );
  };
  const load = async (): Promise<Content> => {
    const giveBack = await services.budget.lend(blob.size, relieve, signal);
    try {
      return { bytes: await collect(services.readSource(blob), blob.size), giveBack };
    } catch (error) {
      giveBack();
      throw error;
    }
  };
  const done = async (lane: Lane): Promise<void> => {
    using.delete(lane);
    left -= 1;
    firstDone ??= services.clock.now();
    if (left > 0) return;
    const held = await content?.catch(() => undefined);
    held?.giveBack();
  };

  return {
    deliver: async (lane) => {
      using.add(lane);
      try {
        await services.ledger.settle(lane.target.repository, blob.digest, isWorthWaitingFor(blob), () =>
          bring(services, blob, lane, async (upload) => {
            content ??= load();
            await upload.send((await content).bytes, lane.call);
          }),
        );
      } finally {
        await done(lane);
      }
    },
  };
}

async function collect(chunks: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let offset = 0;
  for await (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

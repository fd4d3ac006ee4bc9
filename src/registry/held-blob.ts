import { PromotionError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { settle, type BlobTransfer, type TransferServices } from './blob-transfer.ts';
import { PATIENCE_MS } from './copy-shared.ts';
import type { Lane } from './lane.ts';

/** A blob small enough to be held in memory until every mirror has it. */
export function heldBlob(
  services: TransferServices,
  blob: Descriptor,
  lanes: number,
  signal: AbortSignal,
): BlobTransfer {
  const using = new Set<Lane>();
  let left = lanes;
  let firstDone: number | undefined;
  // When memory runs short, whoever still needs this blob long after others were done with it must let go.
  const relieve = (): void => {
    if (firstDone === undefined || services.clock.now() - firstDone < PATIENCE_MS) return;
    for (const lane of using) lane.leave(new PromotionError('LAGGING', LAGS, { side: 'destination' }));
  };
  const content = contentOf(services, blob, relieve, signal);

  return {
    deliver: async (lane) => {
      using.add(lane);
      try {
        await settle(services, blob, lane, async (upload) => upload.send(await content.bytes(), lane.call));
      } finally {
        using.delete(lane);
        left -= 1;
        firstDone ??= services.clock.now();
        if (left === 0) await content.giveBack();
      }
    },
  };
}

const LAGS = 'this mirror kept a blob in memory that the others were done with';

/** The bytes of a blob, read when they are first needed, within the budget. */
function contentOf(
  { budget, readSource }: TransferServices,
  blob: Descriptor,
  relieve: () => void,
  signal: AbortSignal,
): { bytes(): Promise<Uint8Array>; giveBack(): Promise<void> } {
  let loan: Promise<() => void> | undefined;
  let bytes: Promise<Uint8Array> | undefined;
  const load = async (): Promise<Uint8Array> => {
    loan = budget.lend(blob.size, relieve, signal);
    await loan;
    return collect(readSource(blob), blob.size);
  };
  return {
    bytes: () => (bytes ??= load()),
    giveBack: async () => {
      const giveBack = await loan?.catch(() => undefined);
      giveBack?.();
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

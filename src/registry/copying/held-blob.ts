import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { settle, type BlobTransfer, type TransferServices } from './blob-transfer.ts';
import { PATIENCE_MS } from './types.ts';
import type { Lane } from './lane.ts';
import type { BlobUpload } from '../roles.ts';
import { wholeBlob } from './whole-blob.ts';

/** A blob small enough to be held in memory until every mirror has it. */
export function heldBlob(
  services: TransferServices,
  blob: Descriptor,
  lanes: number,
  signal: AbortSignal,
): BlobTransfer {
  const users = usersOf(services.clock);
  const content = contentOf(services, blob, lanes, users.relieve, signal);
  const letGo = (lane: Lane): void => {
    if (users.remove(lane)) content.letGo();
  };
  const send = async (upload: BlobUpload, lane: Lane): Promise<'taken' | 'moved'> => {
    if (users.add(lane)) content.hold();
    return upload.send(await content.bytes(), lane.call);
  };
  return {
    deliver: async (lane) => {
      users.add(lane);
      // A lane that waits for another copy's upload does not keep memory from the one that it waits for.
      const onWait = (): void => letGo(lane);
      try {
        await settle(services, blob, lane, (upload) => send(upload, lane), onWait);
      } finally {
        users.done();
        letGo(lane);
      }
    },
  };
}

const LAGS = 'this mirror kept a blob in memory that the others were done with';

type Users = {
  /** True when the lane was none before; `remove` likewise when it was one. */
  add(lane: Lane): boolean;
  remove(lane: Lane): boolean;
  /** One lane has ended. */
  done(): void;
  /** When memory runs short, whoever still needs the blob long after others were done with it must let go. */
  relieve(): void;
};

function usersOf(clock: Clock): Users {
  const using = new Set<Lane>();
  let firstDone: number | undefined;
  return {
    add: (lane) => {
      const isNew = !using.has(lane);
      using.add(lane);
      return isNew;
    },
    remove: (lane) => using.delete(lane),
    done: () => void (firstDone ??= clock.now()),
    relieve: () => {
      if (firstDone === undefined || clock.now() - firstDone < PATIENCE_MS) return;
      for (const lane of using) lane.leave(new PromotionError('LAGGING', LAGS, { side: 'destination' }));
    },
  };
}

type Content = {
  /** The bytes, read when they are first asked for. */
  bytes(): Promise<Uint8Array>;
  /** One more needs the bytes. */
  hold(): void;
  /** One needs them no longer; after the last one they are dropped, and read again if asked for again. */
  letGo(): void;
};

/** A blob within the budget, held by `holders` from the start. */
function contentOf(
  { budget, readSource }: TransferServices,
  blob: Descriptor,
  holders: number,
  relieve: () => void,
  signal: AbortSignal,
): Content {
  let held = holders;
  let loan: Promise<() => void> | undefined;
  let bytes: Promise<Uint8Array> | undefined;
  const load = async (): Promise<Uint8Array> => {
    loan = budget.lend(blob.size, relieve, signal);
    await loan;
    return wholeBlob(blob, () => readSource(blob));
  };
  return {
    bytes: () => (bytes ??= load()),
    hold: () => void (held += 1),
    letGo: () => {
      held -= 1;
      if (held > 0) return;
      // Whoever asked for the loan has seen its failure.
      void loan?.then((giveBack) => giveBack()).catch(() => undefined);
      loan = undefined;
      bytes = undefined;
    },
  };
}

import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { settle, type BlobTransfer, type TransferServices } from './blob-transfer.ts';
import { LOAN_WAIT_MS } from './types.ts';
import type { Mirror } from './mirror.ts';
import type { BlobUpload } from '../roles.ts';
import { wholeBlob } from './whole-blob.ts';

/** Creates the transfer of a blob that is small enough to be kept in memory until every mirror has it. */
export function heldBlob(
  services: TransferServices,
  blob: Descriptor,
  mirrors: number,
  signal: AbortSignal,
): BlobTransfer {
  const users = usersOf(services.clock);
  const content = contentOf(services, blob, mirrors, users.relieve, signal);
  const letGo = (mirror: Mirror): void => {
    if (users.remove(mirror)) content.letGo();
  };
  const send = async (upload: BlobUpload, mirror: Mirror): Promise<'taken' | 'moved'> => {
    if (users.add(mirror)) content.hold();
    return upload.send(await content.bytes(), mirror.call);
  };
  return {
    deliver: async (mirror) => {
      users.add(mirror);
      // A target that waits for another copy's upload must not hold memory that this upload may need.
      const onWait = (): void => letGo(mirror);
      try {
        await settle(services, blob, mirror, (upload) => send(upload, mirror), onWait);
      } finally {
        users.done();
        letGo(mirror);
      }
    },
  };
}

const LAGS = 'this mirror kept a blob in memory that the others were done with';

type Users = {
  /** Adds a target; returns false if it was there. `remove` likewise returns false if it was not. */
  add(mirror: Mirror): boolean;
  remove(mirror: Mirror): boolean;
  /** Reports that one target has ended. */
  done(): void;
  /** Called when memory is short: targets that still need the blob long after others were done must release it. */
  relieve(): void;
};

function usersOf(clock: Clock): Users {
  const using = new Set<Mirror>();
  let firstDone: number | undefined;
  return {
    add: (mirror) => {
      const isNew = !using.has(mirror);
      using.add(mirror);
      return isNew;
    },
    remove: (mirror) => using.delete(mirror),
    done: () => void (firstDone ??= clock.elapsed()),
    relieve: () => {
      if (firstDone === undefined || clock.elapsed() - firstDone < LOAN_WAIT_MS) return;
      for (const mirror of using) mirror.stop(new PromotionError('LAGGING', LAGS, { side: 'destination' }));
    },
  };
}

type Content = {
  /** Returns the bytes; reads them at the first call. */
  bytes(): Promise<Uint8Array>;
  /** Adds a user of the bytes. */
  hold(): void;
  /** Removes a user of the bytes. After the last one they are dropped, and read again if needed. */
  letGo(): void;
};

/** Creates the content of a blob within the memory budget, held by `holders` from the start. */
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
      // The caller that asked for the memory has seen its failure.
      void loan?.then((giveBack) => giveBack()).catch(() => undefined);
      loan = undefined;
      bytes = undefined;
    },
  };
}

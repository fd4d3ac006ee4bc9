import type { Clock } from '../../clock.ts';
import { isPromotionError, PromotionError } from '../../errors.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { settle, type BlobTransfer, type Sending, type TransferServices } from './blob-transfer.ts';
import { hashMarks, type HashMarks } from './hash-checkpoints.ts';
import type { Lane } from './lane.ts';
import type { BlobUpload } from '../roles.ts';
import { tee, TEE_DEFAULTS } from './tee.ts';

/** How long mirrors that are ready wait for those that still open their upload. */
const RENDEZVOUS_MS = 2_000;

/** A blob too large to hold: one read flows through a bounded window to all mirrors that are ready for it. */
export function teedBlob(
  services: TransferServices,
  blob: Descriptor,
  lanes: number,
  signal: AbortSignal,
): BlobTransfer {
  let marks = hashMarks(blob.digest);
  const first = sharedRead(services, blob, lanes, marks, signal);
  // The read of those mirrors that were sent what was not the blob.
  let second: SharedRead | undefined;
  const again = new Set<Lane>();

  const sendOnce = async (upload: BlobUpload, lane: Lane, { attempt, from }: Sending): Promise<'taken' | 'moved'> => {
    // A registry that has all bytes already is only told that there are no more.
    if (from === blob.size) return upload.send(new Uint8Array(0), lane.call, from);
    const shared = attempt === 1 ? first : again.has(lane) && from === 0 ? second : undefined;
    const branch = await shared?.join();
    if (branch !== undefined) return sendShared(branch, upload, lane);
    return services.alone(lane, () => upload.send(services.readSource(blob, { from, marks }), lane.call, from));
  };

  const send = async (upload: BlobUpload, lane: Lane, sending: Sending): Promise<'taken' | 'moved'> => {
    try {
      return await sendOnce(upload, lane, sending);
    } catch (error) {
      if (!isPromotionError(error, 'DIGEST_MISMATCH') || error.side !== 'source' || again.has(lane)) throw error;
      again.add(lane);
      // What was marked on the way is of other bytes.
      if (again.size === 1) marks = hashMarks(blob.digest);
      second ??= sharedRead(services, blob, Math.max(1, first.failed()), marks, signal);
      // Of no side: a new upload can cure it.
      throw new PromotionError(error.code, error.message, { cause: error, ...(error.hint && { hint: error.hint }) });
    }
  };

  return {
    deliver: async (lane) => {
      // A lane that waits for another copy's upload must not keep the others of its own from starting.
      const report = onlyOnce(first.report);
      try {
        await settle(services, blob, lane, (upload, sending) => send(upload, lane, sending), report);
      } finally {
        report();
      }
    },
  };
}

/** One read of the source for the mirrors that join it. */
type SharedRead = Rendezvous & {
  /** How many were reading when the read failed. */
  failed(): number;
};

function sharedRead(
  services: TransferServices,
  blob: Descriptor,
  lanes: number,
  marks: HashMarks,
  signal: AbortSignal,
): SharedRead {
  let failure: unknown;
  let failed = 0;
  const read = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* services.readSource(blob, { from: 0, marks });
    } catch (error) {
      failure ??= error;
      failed = meeting.reading();
      throw error;
    }
  };
  const meeting = rendezvous(lanes, services.clock, async (count) => {
    // One reader alone keeps nothing for others, and must not take their memory however slow it is.
    if (count === 1) return { giveBack: () => undefined, branches: [read()], failure: () => failure };
    const giveBack = await services.budget.lend(TEE_DEFAULTS.window, () => undefined, signal);
    const branches = tee(read(), count, { clock: services.clock, ...TEE_DEFAULTS });
    return { giveBack, branches, failure: () => failure };
  });
  return { ...meeting, failed: () => failed };
}

function onlyOnce(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

async function sendShared(branch: Branch, upload: BlobUpload, lane: Lane): Promise<'taken' | 'moved'> {
  try {
    return await upload.send(branch.chunks, lane.call);
  } catch (error) {
    throw branch.failure() ?? error;
  } finally {
    // A send that failed before it read must not hold the others up.
    await branch.chunks[Symbol.asyncIterator]().return?.();
    branch.done();
  }
}

/** One reader's part of the shared read; `done` is called when it needs no more, `failure` tells why the read ended. */
type Branch = {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly done: () => void;
  readonly failure: () => unknown;
};

type Rendezvous = {
  /** A branch of the shared read; undefined for one who comes too late. */
  join(): Promise<Branch | undefined>;
  /** Says that one more lane has got its branch, or needs none for now. */
  report(): void;
  /** How many have a branch and are not done. */
  reading(): number;
};

type Started = {
  readonly giveBack: () => void;
  readonly branches: readonly AsyncIterable<Uint8Array>[];
  readonly failure: () => unknown;
};

type Start = (count: number) => Promise<Started>;

/** Starts the shared read when all lanes have reported, or some time after the first one was ready. */
function rendezvous(lanes: number, clock: Clock, start: Start): Rendezvous {
  const ready: PromiseWithResolvers<Branch>[] = [];
  let outstanding = lanes;
  let started = false;
  let reading = 0;
  let cancelTimer: (() => void) | undefined;

  const begin = async (): Promise<void> => {
    started = true;
    cancelTimer?.();
    try {
      const { giveBack, branches, failure } = await start(ready.length);
      reading = branches.length;
      const done = (): void => {
        reading -= 1;
        if (reading === 0) giveBack();
      };
      for (const [index, chunks] of branches.entries()) ready[index]?.resolve({ chunks, done, failure });
    } catch (error) {
      for (const lane of ready) lane.reject(error);
    }
  };
  const beginWhenComplete = (): void => {
    if (!started && ready.length > 0 && ready.length >= outstanding) void begin();
  };

  return {
    join: () => {
      if (started) return Promise.resolve(undefined);
      cancelTimer ??= clock.timer(RENDEZVOUS_MS, () => void begin());
      const lane = Promise.withResolvers<Branch>();
      ready.push(lane);
      beginWhenComplete();
      return lane.promise;
    },
    report: () => {
      outstanding -= 1;
      beginWhenComplete();
    },
    reading: () => reading,
  };
}

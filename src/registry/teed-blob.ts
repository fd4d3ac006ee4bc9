import type { Clock } from '../clock.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { settle, type BlobTransfer, type Sending, type TransferServices } from './blob-transfer.ts';
import { hashMarks } from './hash-marks.ts';
import type { Lane } from './lane.ts';
import type { BlobUpload } from './roles.ts';
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
  let sourceFailure: unknown;
  const marks = hashMarks(blob.digest);
  const read = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* services.readSource(blob, { from: 0, marks });
    } catch (error) {
      sourceFailure ??= error;
      throw error;
    }
  };
  const shared = rendezvous(lanes, services.clock, async (count) => {
    // One reader alone keeps nothing for others, and must not take their memory however slow it is.
    if (count === 1) return { giveBack: () => undefined, branches: [read()] };
    const giveBack = await services.budget.lend(TEE_DEFAULTS.window, () => undefined, signal);
    return { giveBack, branches: tee(read(), count, { clock: services.clock, ...TEE_DEFAULTS }) };
  });

  const send = async (upload: BlobUpload, lane: Lane, { attempt, from }: Sending): Promise<void> => {
    // A registry that has all bytes already is only told that there are no more.
    if (from === blob.size) return upload.send(new Uint8Array(0), lane.call, from);
    const branch = attempt === 1 ? await shared.join() : undefined;
    if (branch !== undefined) await sendShared(branch, upload, lane, () => sourceFailure);
    else await services.alone(lane, () => upload.send(services.readSource(blob, { from, marks }), lane.call, from));
  };

  return {
    deliver: async (lane) => {
      // A lane that waits for another copy's upload must not keep the others of its own from starting.
      const report = onlyOnce(shared.report);
      try {
        await settle(services, blob, lane, (upload, sending) => send(upload, lane, sending), report);
      } finally {
        report();
      }
    },
  };
}

function onlyOnce(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

async function sendShared(branch: Branch, upload: BlobUpload, lane: Lane, sourceFailure: () => unknown): Promise<void> {
  try {
    await upload.send(branch.chunks, lane.call);
  } catch (error) {
    throw sourceFailure() ?? error;
  } finally {
    // A send that failed before it read must not hold the others up.
    await branch.chunks[Symbol.asyncIterator]().return?.();
    branch.done();
  }
}

/** One reader's part of the shared read; `done` is called when it needs no more. */
type Branch = { readonly chunks: AsyncIterable<Uint8Array>; readonly done: () => void };

type Rendezvous = {
  /** A branch of the shared read; undefined for one who comes too late. */
  join(): Promise<Branch | undefined>;
  /** Says that one more lane has got its branch, or needs none for now. */
  report(): void;
};

type Start = (
  count: number,
) => Promise<{ readonly giveBack: () => void; readonly branches: readonly AsyncIterable<Uint8Array>[] }>;

/** Starts the shared read when all lanes have reported, or some time after the first one was ready. */
function rendezvous(lanes: number, clock: Clock, start: Start): Rendezvous {
  const ready: PromiseWithResolvers<Branch>[] = [];
  let outstanding = lanes;
  let started = false;
  let cancelTimer: (() => void) | undefined;

  const begin = async (): Promise<void> => {
    started = true;
    cancelTimer?.();
    try {
      const { giveBack, branches } = await start(ready.length);
      let reading = branches.length;
      const done = (): void => {
        reading -= 1;
        if (reading === 0) giveBack();
      };
      for (const [index, chunks] of branches.entries()) ready[index]?.resolve({ chunks, done });
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
  };
}

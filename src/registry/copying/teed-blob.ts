import type { Clock } from '../../clock.ts';
import { isPromotionError, PromotionError } from '../../errors.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { settle, type BlobTransfer, type Sending, type TransferServices } from './blob-transfer.ts';
import { hashCheckpoints, type HashCheckpoints } from '../distribution/hash-checkpoints.ts';
import type { Mirror } from './mirror.ts';
import type { BlobUpload } from '../roles.ts';
import { freeing } from './sent-chunks.ts';
import { tee, TEE_DEFAULTS } from './tee.ts';

type SendResult = Awaited<ReturnType<BlobUpload['send']>>;

/** How long ready mirrors wait for those that are still opening their upload. */
const RENDEZVOUS_MS = 2_000;

/**
 * Creates the transfer of a blob that is too large for memory: one read flows through a bounded window to all ready
 * mirrors.
 */
export function teedBlob(
  services: TransferServices,
  blob: Descriptor,
  mirrors: number,
  signal: AbortSignal,
): BlobTransfer {
  let marks = hashCheckpoints(blob.digest);
  const first = sharedRead(services, blob, mirrors, marks, signal);
  // The read for mirrors that received wrong bytes from the first.
  let second: SharedRead | undefined;
  const again = new Set<Mirror>();

  const sendOnce = async (upload: BlobUpload, mirror: Mirror, { attempt, from }: Sending): Promise<SendResult> => {
    // If the registry has all bytes already, the request only closes the upload.
    if (from === blob.size) return upload.send(new Uint8Array(0), mirror.call, from);
    const shared = attempt === 1 ? first : again.has(mirror) && from === 0 ? second : undefined;
    const branch = await shared?.join();
    if (branch !== undefined) return sendShared(branch, upload, mirror);
    const rest = freeing(services.readSource(blob, { from, marks }));
    return services.alone(mirror, () => upload.send(rest, mirror.call, from));
  };

  const send = async (upload: BlobUpload, mirror: Mirror, sending: Sending): Promise<SendResult> => {
    try {
      return await sendOnce(upload, mirror, sending);
    } catch (error) {
      if (!isPromotionError(error, 'DIGEST_MISMATCH') || error.side !== 'source' || again.has(mirror)) throw error;
      again.add(mirror);
      // The checkpoints of the first read are of wrong bytes.
      if (again.size === 1) marks = hashCheckpoints(blob.digest);
      second ??= sharedRead(services, blob, Math.max(1, first.failed()), marks, signal);
      // The error belongs to neither side: a new upload can fix it.
      throw new PromotionError(error.code, error.message, { cause: error, ...(error.hint && { hint: error.hint }) });
    }
  };

  return {
    deliver: async (mirror) => {
      // A target that waits for another copy's upload must not delay the others of its own copy.
      const report = onlyOnce(first.report);
      try {
        await settle(services, blob, mirror, (upload, sending) => send(upload, mirror, sending), report);
      } finally {
        report();
      }
    },
  };
}

/** One read of the source for the mirrors that join it. */
type SharedRead = Rendezvous & {
  /** Returns how many mirrors were reading when the read failed. */
  failed(): number;
};

function sharedRead(
  services: TransferServices,
  blob: Descriptor,
  mirrors: number,
  marks: HashCheckpoints,
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
  const meeting = rendezvous(mirrors, services.clock, async (count) => {
    // A single reader buffers nothing for others and needs no memory from the budget, however slow it is.
    if (count === 1) return { giveBack: () => undefined, branches: [freeing(read())], failure: () => failure };
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

async function sendShared(branch: Branch, upload: BlobUpload, mirror: Mirror): Promise<SendResult> {
  try {
    return await upload.send(branch.chunks, mirror.call);
  } catch (error) {
    throw branch.failure() ?? error;
  } finally {
    // A send that failed before it read must not delay the others.
    await branch.chunks[Symbol.asyncIterator]().return?.();
    branch.done();
  }
}

/**
 * One reader's part of the shared read. `done` is called when it needs no more; `failure` returns why the read ended.
 */
type Branch = {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly done: () => void;
  readonly failure: () => unknown;
};

type Rendezvous = {
  /** Joins the shared read; resolves to undefined if it is too late. */
  join(): Promise<Branch | undefined>;
  /** Reports that one more target has its branch, or needs none for now. */
  report(): void;
  /** Returns the number of branches that are not done. */
  reading(): number;
};

type Started = {
  readonly giveBack: () => void;
  readonly branches: readonly AsyncIterable<Uint8Array>[];
  readonly failure: () => unknown;
};

type Start = (count: number) => Promise<Started>;

/** Starts the shared read when all targets have reported, or 2 s after the first one was ready. */
function rendezvous(mirrors: number, clock: Clock, start: Start): Rendezvous {
  const ready: PromiseWithResolvers<Branch>[] = [];
  let outstanding = mirrors;
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
      for (const mirror of ready) mirror.reject(error);
    }
  };
  const beginWhenComplete = (): void => {
    if (!started && ready.length > 0 && ready.length >= outstanding) void begin();
  };

  return {
    join: () => {
      if (started) return Promise.resolve(undefined);
      cancelTimer ??= clock.limit(RENDEZVOUS_MS, () => void begin());
      const mirror = Promise.withResolvers<Branch>();
      ready.push(mirror);
      beginWhenComplete();
      return mirror.promise;
    },
    report: () => {
      outstanding -= 1;
      beginWhenComplete();
    },
    reading: () => reading,
  };
}

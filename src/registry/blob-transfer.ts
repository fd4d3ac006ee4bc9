import { onAbort } from '../abort.ts';
import { isPromotionError, PromotionError, type ErrorCode } from '../errors.ts';
import type { Clock } from '../clock.ts';
import type { Pause } from '../http/pause.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { hostOf, type RepositoryName } from '../image/reference.ts';
import type { BlobLedger } from './blob-ledger.ts';
import type { Lane } from './lane.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { BlobReader, BlobUpload, BlobWriter } from './roles.ts';

/** Brings one blob of an image to its mirrors, reading it from the source once for all of them. */
export type BlobTransfer = {
  /** Resolves when the blob is in the lane's repository. Every lane of the copy must call it exactly once. */
  deliver(lane: Lane): Promise<void>;
};

export type TransferServices = {
  readonly registry: BlobReader & BlobWriter;
  readonly ledger: BlobLedger;
  readonly budget: MemoryBudget;
  readonly clock: Clock;
  readonly pause: Pause;
  /** Opens the blob at the source, counted. */
  readonly readSource: (blob: Descriptor) => AsyncIterable<Uint8Array>;
  readonly source: RepositoryName;
  /** Runs reads that one mirror needs for itself, few at a time for each registry. */
  readonly alone: <T>(lane: Lane, work: () => Promise<T>) => Promise<T>;
};

/** Above this a blob that may already be there is asked for before it is sent: bytes are a budget too. */
const ASK_FIRST_ABOVE = 1024 * 1024;

/** Uploads of one blob to one mirror, replays by the request layer not counted. */
const MAX_UPLOADS = 5;

/** What a new upload session can cure. */
const RESTARTABLE: readonly ErrorCode[] = [
  'UPLOAD_LOST',
  'REPLAY_NEEDED',
  'LAGGING',
  'NETWORK',
  'STALLED',
  'TIMEOUT',
  'REGISTRY_ERROR',
  'DIGEST_MISMATCH',
];

/** Sends what an upload asked for: the content of the first attempt, or of a later one. */
export type Send = (upload: BlobUpload, attempt: number) => Promise<void>;

/** Brings the blob into the lane's repository unless another copy does, or has done so; `onWait` is told when it waits for one. */
export function settle(
  services: TransferServices,
  blob: Descriptor,
  lane: Lane,
  send: Send,
  onWait: () => void,
): Promise<void> {
  return services.ledger.settle(lane.target.repository, blob.digest, {
    // It pays to wait for another upload of a large blob to the same registry: then it can be mounted.
    waitToMount: !lane.sendAll && blob.size > ASK_FIRST_ABOVE && mayMount(services, lane),
    signal: lane.call.signal,
    onWait,
    bring: () => bring(services, blob, lane, send),
  });
}

function mayMount({ registry }: TransferServices, { target }: Lane): boolean {
  return registry.mounts?.(target.repository) !== false;
}

/** Opens uploads until one has taken the blob, or it turns out to be there. */
async function bring(services: TransferServices, blob: Descriptor, lane: Lane, send: Send): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const upload = await openUpload(services, blob, lane, attempt);
    if (upload === 'there') return;
    try {
      await send(upload, attempt);
      return;
    } catch (error) {
      if (isPromotionError(error, 'UPLOAD_LOST')) {
        // A replayed request finds its session closed when the first one had succeeded after all.
        if (await services.registry.hasBlob(lane.target.repository, blob.digest, lane.call)) return;
      } else if (!isUnreachable(error)) await takeLeave(upload, lane, services.clock);
      if (lane.call.signal.aborted || !isRestartable(error) || attempt === MAX_UPLOADS) throw error;
      lane.attempts += 1;
      await services.pause(attempt, lane.call.signal);
    }
  }
}

/** A stopped run may take 5 s to end; within this, a registry that answers at all has deleted an upload. */
const FAREWELL_MS = 3_000;

/** Deletes an upload, also when the run was stopped: then for a short time only. */
async function takeLeave(upload: BlobUpload, { farewell }: Lane, clock: Clock): Promise<void> {
  const own = new AbortController();
  let cancel: (() => void) | undefined;
  const hurry = (): void => {
    cancel = clock.timer(FAREWELL_MS, () => own.abort(farewell.signal.reason));
  };
  const ignoreStop = farewell.signal.aborted ? hurry() : onAbort(farewell.signal, hurry);
  try {
    await upload.abandon({ ...farewell, signal: own.signal });
  } finally {
    ignoreStop?.();
    cancel?.();
  }
}

/** After one of these a registry would not hear a farewell either, and trying takes minutes. */
const UNREACHABLE: readonly ErrorCode[] = ['NETWORK', 'TIMEOUT', 'STALLED', 'PAUSED_TOO_LONG', 'REFUSED_ADDRESS'];

function isUnreachable(error: unknown): boolean {
  return error instanceof PromotionError && error.side !== 'source' && UNREACHABLE.includes(error.code);
}

function isRestartable(error: unknown): boolean {
  return error instanceof PromotionError && error.side !== 'source' && RESTARTABLE.includes(error.code);
}

async function openUpload(
  { registry, ledger, source }: TransferServices,
  blob: Descriptor,
  lane: Lane,
  attempt: number,
): Promise<'there' | BlobUpload> {
  const { repository, isNew } = lane.target;
  const believes = attempt === 1 && !lane.sendAll;
  const mayBeThere = believes && !isNew && blob.size > ASK_FIRST_ABOVE;
  if (mayBeThere && (await registry.hasBlob(repository, blob.digest, lane.call))) return 'there';
  const sameHost = hostOf(source) === hostOf(repository) && source !== repository;
  const from = ledger.mountSource(repository, blob.digest) ?? (sameHost ? source : undefined);
  const started = await registry.startBlob(repository, blob, believes ? from : undefined, lane.call);
  return started === 'mounted' ? 'there' : started;
}

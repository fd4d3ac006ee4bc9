import { onAbort } from '../../abort.ts';
import { isPromotionError, PromotionError, UNREACHABLE, type ErrorCode } from '../../errors.ts';
import type { Clock } from '../../clock.ts';
import type { Pause } from '../../async/backoff.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import type { BlobLedger } from './blob-ledger.ts';
import { checkRepair, isThere } from './damaged-blob.ts';
import type { Lane } from './lane.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { BlobPart, BlobReader, BlobUpload, BlobWriter } from '../roles.ts';

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
  readonly readSource: (blob: Descriptor, part?: BlobPart) => AsyncIterable<Uint8Array>;
  readonly source: RepositoryName;
  /** Runs reads that one mirror needs for itself, few at a time for each registry. */
  readonly alone: <T>(lane: Lane, work: () => Promise<T>) => Promise<T>;
};

/** Above this a blob that may already be there is asked for before it is sent: bytes are a budget too. */
const ASK_FIRST_ABOVE = 1024 * 1024;

/** Uploads of one blob to one mirror, replays by the request layer not counted. */
const MAX_UPLOADS = 5;

/** Sending a smaller blob again costs about as much as asking what has come of it. */
const RESUME_ABOVE = 4 * 1024 * 1024;

/** So many more bytes make an attempt that broke off no failure: a blob of many GiB may meet more than five. */
const PROGRESS = 4 * 1024 * 1024;

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

/** Which attempt this is, and from which byte on the registry still needs the blob. */
export type Sending = { readonly attempt: number; readonly from: number };

/** Sends what an upload asked for; `moved` as of `BlobUpload`. */
export type Send = (upload: BlobUpload, sending: Sending) => Promise<'taken' | 'moved'>;

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

/** Sends until an upload has taken the blob, or it turns out to be there: goes on with what the registry has kept, else begins anew. */
async function bring(services: TransferServices, blob: Descriptor, lane: Lane, send: Send): Promise<void> {
  const progress: Progress = { failures: 1, mayResume: blob.size > RESUME_ABOVE, kept: undefined };
  for (let attempt = 1; ; attempt++) {
    const upload = progress.kept?.upload ?? (await openUpload(services, blob, lane, attempt));
    if (upload === 'there') return;
    try {
      // Opened by an answer that came after the stop, it is only to be given up.
      lane.call.signal.throwIfAborted();
      const from = progress.kept?.bytes ?? 0;
      if ((await send(upload, { attempt, from })) === 'taken') break;
      progress.kept = { upload, bytes: from };
    } catch (error) {
      // A replayed request finds its session closed when the first one had succeeded after all.
      if (isPromotionError(error, 'UPLOAD_LOST') && (await isThere(services, blob, lane))) return;
      await recover(services, lane, upload, progress, error);
      lane.attempts += 1;
    }
  }
  await checkRepair(services, blob, lane);
}

type Kept = { readonly upload: BlobUpload; readonly bytes: number };

/** How far a blob has come. */
type Progress = { failures: number; mayResume: boolean; kept: Kept | undefined };

/** Finds out what is left of an upload that broke off, and gives it up where that is nothing; throws the error where it was the last. */
async function recover(
  { pause, clock }: TransferServices,
  lane: Lane,
  upload: BlobUpload,
  progress: Progress,
  error: unknown,
): Promise<void> {
  const { signal } = lane.call;
  const from = progress.kept?.bytes ?? 0;
  // Of a part, a registry may only say that it continues something else.
  const isOpen = !isPromotionError(error, 'UPLOAD_LOST') || from > 0;
  const isOver = !isRestartable(error) || progress.failures === MAX_UPLOADS;
  // What does not add up in the end was not kept as the registry said.
  progress.mayResume &&= !isPromotionError(error, 'DIGEST_MISMATCH');
  // Stopped or not is asked below, for the upload is to be given up first.
  if (!isOver) await pause(progress.failures, signal).catch(() => undefined);
  // What a mirror that was left behind still has on its way would move the end that it tells.
  const isSettled = !isPromotionError(error, 'LAGGING');
  const mayAsk = progress.mayResume && isOpen && isSettled && !isOver && !signal.aborted;
  progress.kept = mayAsk ? await keptOf(upload, from, lane) : undefined;
  if (progress.kept === undefined && isOpen && !isUnreachable(error)) await takeLeave(upload, lane, clock);
  if (isOver || signal.aborted) throw error;
  if (progress.kept === undefined || progress.kept.bytes - from < PROGRESS) progress.failures += 1;
}

/** What the registry has kept of an upload, where that is more than before: what does not grow leads nowhere. */
async function keptOf(upload: BlobUpload, before: number, lane: Lane): Promise<Kept | undefined> {
  const bytes = await upload.received(lane.call);
  return bytes !== undefined && bytes > before ? { upload, bytes } : undefined;
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

/** Such a registry would not hear a farewell either, and trying takes minutes. */
function isUnreachable(error: unknown): boolean {
  return error instanceof PromotionError && error.side !== 'source' && UNREACHABLE.includes(error.code);
}

function isRestartable(error: unknown): boolean {
  return error instanceof PromotionError && error.side !== 'source' && RESTARTABLE.includes(error.code);
}

async function openUpload(
  services: TransferServices,
  blob: Descriptor,
  lane: Lane,
  attempt: number,
): Promise<'there' | BlobUpload> {
  const { registry, ledger, source } = services;
  const { repository, isNew } = lane.target;
  const believes = attempt === 1 && !lane.sendAll;
  const mayBeThere = believes && !isNew && blob.size > ASK_FIRST_ABOVE;
  if (mayBeThere && (await isThere(services, blob, lane))) return 'there';
  const mounts = believes && !ledger.isDamaged(repository, blob.digest);
  const proven = mounts ? ledger.mountSource(repository, blob.digest) : undefined;
  const sameHost = hostOf(source) === hostOf(repository) && source !== repository;
  const from = proven ?? (mounts && sameHost ? source : undefined);
  const started = await registry.startBlob(repository, blob, from, lane.call);
  if (started !== 'mounted') return started;
  // What this run has sent is whole; what staging has, nobody has read. Small ones are not worth the question.
  if (proven !== undefined || blob.size <= ASK_FIRST_ABOVE) return 'there';
  if ((await isThere(services, blob, lane)) || !ledger.isDamaged(repository, blob.digest)) return 'there';
  return openUpload(services, blob, lane, attempt + 1);
}

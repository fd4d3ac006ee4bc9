import { onAbort } from '../../abort.ts';
import { isPromotionError, PromotionError, UNREACHABLE, type ErrorCode } from '../../errors.ts';
import type { Clock } from '../../clock.ts';
import { isUnanswered } from '../../http/transport/network-error.ts';
import type { Pause } from '../../async/backoff.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import type { BlobLedger } from './blob-ledger.ts';
import { checkRepair, isThere } from './damaged-blob.ts';
import type { Mirror } from './mirror.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { BlobPart, BlobReader, BlobUpload, BlobWriter } from '../roles.ts';

/** Copies one blob of an image to its mirrors, with one read of the source for all of them. */
export type BlobTransfer = {
  /** Resolves when the blob is in the target's repository. Must be called exactly once for each target of the copy. */
  deliver(mirror: Mirror): Promise<void>;
};

export type TransferServices = {
  readonly registry: BlobReader & BlobWriter;
  readonly ledger: BlobLedger;
  readonly budget: MemoryBudget;
  readonly clock: Clock;
  readonly pause: Pause;
  /** Opens the blob at the source and counts the read. */
  readonly readSource: (blob: Descriptor, part?: BlobPart) => AsyncIterable<Uint8Array>;
  readonly source: RepositoryName;
  /** Runs reads that only one mirror needs, with few at a time for each registry. */
  readonly alone: <T>(mirror: Mirror, work: () => Promise<T>) => Promise<T>;
};

/** A larger blob that may already exist is checked before it is uploaded, to save bytes. */
const ASK_FIRST_ABOVE = 1024 * 1024;

/** Upload attempts for one blob to one mirror, not counting replays by the request layer. */
const MAX_UPLOADS = 5;

/**
 * Upload attempts that a registry may leave without a response or stop reading, if it has not taken any other blob
 * meanwhile: two of 25 s end within a minute.
 */
const MAX_SILENT_UPLOADS = 2;

/** Uploading a smaller blob again costs about as much as asking how far the upload has come. */
const RESUME_ABOVE = 4 * 1024 * 1024;

/**
 * An interrupted attempt that sent this many more bytes does not count as a failure: a blob of many GiB may be
 * interrupted more than five times.
 */
const PROGRESS = 4 * 1024 * 1024;

/** Errors that a new upload session can fix. */
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

/** Number of the attempt, and the offset from which the registry still needs the blob. */
export type Sending = { readonly attempt: number; readonly from: number };

/** Sends the blob to an upload; `moved` as in `BlobUpload`. */
export type Send = (upload: BlobUpload, sending: Sending) => Promise<'taken' | 'moved'>;

/**
 * Uploads the blob to the target's repository unless another copy does or has done so. Calls `onWait` before it waits
 * for another copy.
 */
export function settle(
  services: TransferServices,
  blob: Descriptor,
  mirror: Mirror,
  send: Send,
  onWait: () => void,
): Promise<void> {
  return services.ledger.settle(mirror.target.repository, blob.digest, {
    // Waiting for another upload of a large blob to the same registry saves bytes: afterwards it can be mounted.
    waitToMount: !mirror.sendAll && blob.size > ASK_FIRST_ABOVE && mayMount(services, mirror),
    signal: mirror.call.signal,
    onWait,
    bring: () => bring(services, blob, mirror, send),
  });
}

function mayMount({ registry }: TransferServices, { target }: Mirror): boolean {
  return registry.mounts?.(target.repository) !== false;
}

/**
 * Sends the blob until an upload accepts it or it turns out to exist. Resumes the upload if the registry has kept a
 * part of it, else starts a new one.
 */
async function bring(services: TransferServices, blob: Descriptor, mirror: Mirror, send: Send): Promise<void> {
  const brought = services.ledger.brought(mirror.target.repository);
  const progress: Progress = { failures: 1, brought, mayResume: blob.size > RESUME_ABOVE, kept: undefined };
  for (let attempt = 1; ; attempt++) {
    const upload = progress.kept?.upload ?? (await openUpload(services, blob, mirror, attempt));
    if (upload === 'there') return;
    try {
      // An upload that was opened by a response after the abort is only deleted.
      mirror.call.signal.throwIfAborted();
      const from = progress.kept?.bytes ?? 0;
      if ((await send(upload, { attempt, from })) === 'taken') break;
      progress.kept = { upload, bytes: from };
    } catch (error) {
      // A replayed request finds its session closed if the first one succeeded after all.
      if (isPromotionError(error, 'UPLOAD_LOST') && (await isThere(services, blob, mirror))) return;
      await recover(services, mirror, upload, progress, error);
      mirror.attempts += 1;
    }
  }
  await checkRepair(services, blob, mirror);
}

type Kept = { readonly upload: BlobUpload; readonly bytes: number };

/** Progress of one blob; `brought` counts what the registry had received when it began. */
type Progress = { failures: number; readonly brought: number; mayResume: boolean; kept: Kept | undefined };

/**
 * Asks how much of an interrupted upload is left, and deletes the upload if nothing is. Throws the error after the last
 * attempt.
 */
async function recover(
  { pause, clock, ledger }: TransferServices,
  mirror: Mirror,
  upload: BlobUpload,
  progress: Progress,
  error: unknown,
): Promise<void> {
  const { signal } = mirror.call;
  const from = progress.kept?.bytes ?? 0;
  // For the rest of a blob, the registry may say only that it does not continue the upload.
  const isOpen = !isPromotionError(error, 'UPLOAD_LOST') || from > 0;
  const isIdle = ledger.brought(mirror.target.repository) === progress.brought;
  const isOver = isLastAttempt(error, progress.failures, isIdle);
  // If the digest is wrong in the end, the registry had not kept what it claimed.
  progress.mayResume &&= !isPromotionError(error, 'DIGEST_MISMATCH');
  // The abort is checked below, since the upload must be deleted first.
  if (!isOver) await pause(progress.failures, signal).catch(() => undefined);
  // Bytes that a lagging mirror still has in flight would change the end that the registry reports.
  const isSettled = !isPromotionError(error, 'LAGGING');
  const mayAsk = progress.mayResume && isOpen && isSettled && !isOver && !signal.aborted;
  progress.kept = mayAsk ? await keptOf(upload, from, mirror) : undefined;
  if (progress.kept === undefined && isOpen && !isUnreachable(isOver ? causeOf(error) : error))
    await abandonUpload(upload, mirror, clock);
  if (isOver || signal.aborted) throw error;
  if (progress.kept === undefined || progress.kept.bytes - from < PROGRESS) progress.failures += 1;
}

/** Returns true if no other attempt follows this error. `isIdle`: the registry has taken no other blob meanwhile. */
function isLastAttempt(error: unknown, failures: number, isIdle: boolean): boolean {
  const most = isIdle && isUnanswered(causeOf(error)) ? MAX_SILENT_UPLOADS : MAX_UPLOADS;
  return !isRestartable(error) || failures >= most;
}

/**
 * Returns how much of an upload the registry has kept, if it is more than before: resuming without growth leads
 * nowhere.
 */
async function keptOf(upload: BlobUpload, before: number, mirror: Mirror): Promise<Kept | undefined> {
  const bytes = await upload.received(mirror.call);
  return bytes !== undefined && bytes > before ? { upload, bytes } : undefined;
}

/** A stopped run may take 5 s to end; a registry that responds at all deletes an upload within this time. */
const CLEANUP_MS = 3_000;

/** Deletes an upload. If the run was stopped, gives up after a short time. */
async function abandonUpload(upload: BlobUpload, { cleanup }: Mirror, clock: Clock): Promise<void> {
  const own = new AbortController();
  let cancel: (() => void) | undefined;
  const hurry = (): void => {
    cancel = clock.timer(CLEANUP_MS, () => own.abort(cleanup.signal.reason));
  };
  const ignoreStop = cleanup.signal.aborted ? hurry() : onAbort(cleanup.signal, hurry);
  try {
    await upload.abandon({ ...cleanup, signal: own.signal });
  } finally {
    ignoreStop?.();
    cancel?.();
  }
}

/** Returns why a stream must be sent again, or the error itself. */
function causeOf(error: unknown): unknown {
  return isPromotionError(error, 'REPLAY_NEEDED') ? error.cause : error;
}

/** Such a registry would not receive the deletion either, and trying takes minutes. */
function isUnreachable(error: unknown): boolean {
  return error instanceof PromotionError && error.side !== 'source' && UNREACHABLE.includes(error.code);
}

function isRestartable(error: unknown): boolean {
  return error instanceof PromotionError && error.side !== 'source' && RESTARTABLE.includes(error.code);
}

async function openUpload(
  services: TransferServices,
  blob: Descriptor,
  mirror: Mirror,
  attempt: number,
): Promise<'there' | BlobUpload> {
  const { registry, ledger, source } = services;
  const { repository, isNew } = mirror.target;
  const believes = attempt === 1 && !mirror.sendAll;
  const mayBeThere = believes && !isNew && blob.size > ASK_FIRST_ABOVE;
  if (mayBeThere && (await isThere(services, blob, mirror))) return 'there';
  const mounts = believes && !ledger.isDamaged(repository, blob.digest);
  const proven = mounts ? ledger.mountSource(repository, blob.digest) : undefined;
  const sameHost = hostOf(source) === hostOf(repository) && source !== repository;
  const from = proven ?? (mounts && sameHost ? source : undefined);
  const started = await registry.startBlob(repository, blob, from, mirror.call);
  if (started !== 'mounted') return started;
  // What this run has uploaded is complete; a blob that staging shares has not been read by anybody yet. Small blobs
  // are not worth a check.
  if (proven !== undefined || blob.size <= ASK_FIRST_ABOVE) return 'there';
  if ((await isThere(services, blob, mirror)) || !ledger.isDamaged(repository, blob.digest)) return 'there';
  return openUpload(services, blob, mirror, attempt + 1);
}

import type { Clock } from '../../clock.ts';
import { isPromotionError, PromotionError } from '../../errors.ts';
import { header, type HttpResponse } from '../../http/fetch.ts';
import { newProgress, type Progress } from '../../http/transport/progress.ts';
import { ensureStatus } from '../../http/response/read.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { algorithmOf } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { blobLookUp } from './blob-look-up.ts';
import type { DistributionServices } from './services.ts';
import { referenceText, type RequestTo } from '../request.ts';
import { hashCheckpoints } from './hash-checkpoints.ts';
import type { RegistryKind } from '../kinds/kind.ts';
import { memoryBudget } from '../memory-budget.ts';
import type { BlobPart, BlobReader, Call } from '../roles.ts';

/**
 * How long one blob may go without a new byte over all its attempts, in milliseconds: the same as the retry budget of a
 * request.
 */
const NO_PROGRESS_MS = 120_000;

/** Memory for large blobs that are held as a whole, including what is parsed from them; in bytes. */
const HELD_BLOBS = 64 * 1024 * 1024;

/** Reads blobs over HTTP: verifies every byte, and resumes an interrupted download. */
export function blobReading(services: BlobServices, request: RequestTo): BlobReader {
  return {
    memory: memoryBudget(HELD_BLOBS),
    lookUpBlob: blobLookUp(services, request),
    readBlob: (repository, blob, call, part) =>
      verified(
        blob,
        referenceText(repository, blob.digest),
        (offset) => resumed(services, request, repository, blob, call, offset),
        part,
      ),
  };
}

type BlobServices = DistributionServices & { readonly kindOf: (host: string) => RegistryKind };

/** Yields the bytes of a part, but holds the last chunk back until the whole blob is verified. */
export async function* verified(
  blob: Descriptor,
  object: string,
  read: (offset: number) => AsyncIterable<Uint8Array>,
  { from, marks }: BlobPart = { from: 0, marks: hashCheckpoints(blob.digest) },
): AsyncGenerator<Uint8Array> {
  const { hash, offset } = marks.before(from);
  let size = offset;
  let held: Uint8Array | undefined;
  for await (const chunk of read(offset)) {
    // With nothing held back, an invalid whole would pass.
    if (chunk.length === 0) continue;
    hash.update(chunk);
    size += chunk.length;
    if (size > blob.size) break;
    marks.pass(size, hash);
    if (size <= from) continue;
    if (held !== undefined) yield held;
    held = chunk.subarray(Math.max(0, from - (size - chunk.length)));
  }
  const digest = `${algorithmOf(blob.digest)}:${hash.digest('hex')}`;
  if (size !== blob.size || digest !== blob.digest) {
    const found =
      size === blob.size
        ? `the digest ${digest}`
        : `${size > blob.size ? 'more than' : 'only'} ${Math.min(size, blob.size)} bytes`;
    throw new PromotionError(
      'DIGEST_MISMATCH',
      `the blob ${object} has ${found}, not the ${blob.size} bytes that its manifest names`,
      { side: 'source', hint: 'retry; if it persists, the image there is damaged: push it to staging again' },
    );
  }
  if (held !== undefined) yield held;
}

/**
 * Yields the bytes from an offset until the descriptor's size is reached, whatever HTTP says about the end. An
 * interrupted or short body is requested from the last byte on. If the registry does not serve ranges, it is requested
 * once more from the start.
 */
async function* resumed(
  { fetch, clock, pause }: DistributionServices,
  request: RequestTo,
  repository: RepositoryName,
  blob: Descriptor,
  call: Call,
  from: number,
): AsyncGenerator<Uint8Array> {
  const object = referenceText(repository, blob.digest);
  let offset = from;
  const progress = newProgress();
  let stuckSince: number | undefined;
  let inParts = true;
  for (let attempt = 1; ; attempt++) {
    const before = offset;
    try {
      const headers: Record<string, string> = inParts && offset > 0 ? { range: `bytes=${offset}-` } : {};
      const get = { method: 'GET', operation: 'download', headers, progress } as const;
      const response = await fetch(request(repository, `blobs/${blob.digest}`, get, call));
      for await (const chunk of await bodyFrom(response, offset, object)) {
        offset += chunk.length;
        stuckSince = undefined;
        attempt = 1;
        yield chunk;
      }
      // Without a length a truncated body cannot be recognized; a whole body that is the same twice is accepted.
      if (offset >= blob.size || (offset === before && !inParts)) return;
      inParts &&= offset > before;
    } catch (error) {
      call.signal.throwIfAborted();
      if (offset >= blob.size) return;
      stuckSince ??= clock.elapsed();
      if (clock.elapsed() - stuckSince > NO_PROGRESS_MS) throw error;
      if (!breaksOff(error)) {
        if (offset === 0 || !inParts || isPromotionError(error, 'TOO_SLOW')) throw error;
        inParts = false;
      }
    }
    await counted(offset > before ? progress : newProgress(), clock, () => pause(attempt, call.signal));
  }
}

/** Counts the time between requests as waiting, for a registry that sends a few bytes in each response. */
async function counted(progress: Progress, clock: Clock, pause: () => Promise<void>): Promise<void> {
  const began = clock.elapsed();
  await pause();
  progress.ms += clock.elapsed() - began;
}

function breaksOff(error: unknown): boolean {
  return isPromotionError(error, 'NETWORK') || isPromotionError(error, 'STALLED');
}

/** Returns the body from `offset` on, whether the registry honoured the range or sent the whole; throws otherwise. */
async function bodyFrom(response: HttpResponse, offset: number, object: string): Promise<AsyncIterable<Uint8Array>> {
  await ensureStatus(response, offset === 0 ? [200] : [200, 206], 'read the blob', object);
  if (response.status === 200) return skip(response.body.stream(), offset);
  const start = /^bytes (\d+)-/.exec(header(response, 'content-range') ?? '')?.[1];
  if (Number(start) !== offset) {
    await response.body.discard();
    throw new PromotionError(
      'REGISTRY_PROTOCOL',
      `the registry was asked for ${object} from byte ${offset} on and returned "${header(response, 'content-range') ?? 'no range'}"`,
      { hint: "retry; if it persists, contact the registry's operator" },
    );
  }
  return response.body.stream();
}

async function* skip(chunks: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of chunks) {
    if (chunk.length > left) yield left === 0 ? chunk : chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

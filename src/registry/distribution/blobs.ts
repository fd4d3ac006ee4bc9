import type { Clock } from '../../clock.ts';
import { isPromotionError, PromotionError } from '../../errors.ts';
import { header, type HttpResponse } from '../../http/fetch.ts';
import { newProgress, type Progress } from '../../http/transport/progress.ts';
import { ensureStatus } from '../../http/response/read.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { algorithmOf } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { blobLookUp } from './blob-look-up.ts';
import type { DistributionServices } from './index.ts';
import type { RequestTo } from '../request.ts';
import { hashMarks } from '../copying/hash-checkpoints.ts';
import type { RegistryKind } from '../kinds/kind.ts';
import { memoryBudget } from '../copying/memory-budget.ts';
import { referenceText } from './manifests.ts';
import type { BlobPart, BlobReader, Call } from '../roles.ts';

/** How long one blob may go without a single new byte, over all its attempts: the same as one request's retries. */
const NO_PROGRESS_MS = 120_000;

/** Large blobs that are held whole at one time, with what is made of them; in bytes. */
const HELD_BLOBS = 64 * 1024 * 1024;

/** Blobs over HTTP: every byte is checked, and a download that breaks off goes on where it stopped. */
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

/** Passes the bytes of a part on and holds the last chunk back until the whole is known to be what the descriptor says. */
export async function* verified(
  blob: Descriptor,
  object: string,
  read: (offset: number) => AsyncIterable<Uint8Array>,
  { from, marks }: BlobPart = { from: 0, marks: hashMarks(blob.digest) },
): AsyncGenerator<Uint8Array> {
  const { hash, offset } = marks.before(from);
  let size = offset;
  let held: Uint8Array | undefined;
  for await (const chunk of read(offset)) {
    // Holding nothing back would let the whole pass.
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
      { side: 'source', hint: 'run again; if it stays, the image there is damaged: push it to staging again' },
    );
  }
  if (held !== undefined) yield held;
}

/**
 * The bytes from an offset on until there are as many as the descriptor says, whatever HTTP says of an end. What breaks off
 * or ends early is asked for from there on; where no part is to be had, once more from the start.
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
      // Without a length nothing tells that a body was cut short; but the whole, asked for twice, is what there is.
      if (offset >= blob.size || (offset === before && !inParts)) return;
      inParts &&= offset > before;
    } catch (error) {
      call.signal.throwIfAborted();
      if (offset >= blob.size) return;
      stuckSince ??= clock.now();
      if (clock.now() - stuckSince > NO_PROGRESS_MS) throw error;
      if (!breaksOff(error)) {
        if (offset === 0 || !inParts || isPromotionError(error, 'TOO_SLOW')) throw error;
        inParts = false;
      }
    }
    await counted(offset > before ? progress : newProgress(), clock, () => pause(attempt, call.signal));
  }
}

/** What is given in crumbs takes its time between the requests. */
async function counted(progress: Progress, clock: Clock, pause: () => Promise<void>): Promise<void> {
  const began = clock.now();
  await pause();
  progress.ms += clock.now() - began;
}

function breaksOff(error: unknown): boolean {
  return isPromotionError(error, 'NETWORK') || isPromotionError(error, 'STALLED');
}

/** The body from `offset` on, whether the registry honoured the range, gave the whole, or something else. */
async function bodyFrom(response: HttpResponse, offset: number, object: string): Promise<AsyncIterable<Uint8Array>> {
  await ensureStatus(response, offset === 0 ? [200] : [200, 206], 'read the blob', object);
  if (response.status === 200) return skip(response.body.stream(), offset);
  const start = /^bytes (\d+)-/.exec(header(response, 'content-range') ?? '')?.[1];
  if (Number(start) !== offset) {
    await response.body.discard();
    throw new PromotionError(
      'REGISTRY_PROTOCOL',
      `the registry was asked for ${object} from byte ${offset} on and answered with "${header(response, 'content-range') ?? 'no range'}"`,
      { hint: 'run again; if it stays, tell whoever runs the registry' },
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

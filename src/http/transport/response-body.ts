import { PromotionError } from '../../errors.ts';
import type { ResponseBody } from '../fetch.ts';

/**
 * Unread bytes above which the socket is paused: four reads of a socket. With one, each read of a large blob stops the
 * socket, and copying takes a tenth more processor time.
 */
const HIGH_WATER = 262_144;

/** A discarded body is still read to its end if at most this many bytes are left: cheaper than a new connection. */
const WORTH_DRAINING = 65_536;

/** Callbacks of a response body to its exchange. */
export type BodyCallbacks = {
  /** Reports that the reader needs more bytes. */
  resume(): void;
  /** Reports that the reader is done: the socket may be closed. */
  cancel(): void;
  /** True from when a reader waits for bytes until it has some. */
  awaiting(yes: boolean): void;
};

export type Incoming = {
  readonly body: ResponseBody;
  /** Adds a chunk; returns false to ask for a pause. */
  push(chunk: Uint8Array): boolean;
  end(): void;
  fail(error: unknown): void;
};

/** Chunks that were received and not yet read. */
type Queue = {
  readonly callbacks: BodyCallbacks;
  readonly chunks: Uint8Array[];
  readonly done: PromiseWithResolvers<void>;
  /** Bytes in `chunks`. */
  size: number;
  /** Bytes dropped since the reader discarded the body; undefined before that. */
  dropped: number | undefined;
  state: 'open' | 'ended' | { readonly error: unknown };
  /** Wakes a waiting reader after a change. */
  wake: () => void;
};

/** Connects an exchange that pushes chunks with a reader that pulls them; `what` names the request in errors. */
export function incoming(callbacks: BodyCallbacks, what: string): Incoming {
  const queue: Queue = {
    callbacks,
    chunks: [],
    done: Promise.withResolvers(),
    size: 0,
    dropped: undefined,
    state: 'open',
    wake: () => {},
  };
  return {
    body: readerOf(queue, what),
    push: (chunk) => push(queue, chunk),
    end: () => settle(queue, 'ended'),
    fail: (error) => settle(queue, { error }),
  };
}

function settle(queue: Queue, state: Exclude<Queue['state'], 'open'>): void {
  if (queue.state !== 'open') return;
  queue.state = state;
  queue.done.resolve();
  queue.wake();
}

function cancel(queue: Queue): void {
  if (queue.state !== 'open') return;
  settle(queue, { error: new PromotionError('ABORTED', 'the response body was given up') });
  queue.callbacks.cancel();
}

function push(queue: Queue, chunk: Uint8Array): boolean {
  if (queue.dropped !== undefined) {
    queue.dropped += chunk.length;
    if (queue.dropped > WORTH_DRAINING) cancel(queue);
    return true;
  }
  queue.chunks.push(chunk);
  queue.size += chunk.length;
  queue.wake();
  return queue.size < HIGH_WATER;
}

async function next(queue: Queue): Promise<Uint8Array | undefined> {
  while (true) {
    const chunk = queue.chunks.shift();
    if (chunk !== undefined) {
      queue.size -= chunk.length;
      return chunk;
    }
    if (queue.state === 'ended') return undefined;
    if (queue.state !== 'open') throw queue.state.error;
    // All must be set before resuming, which may push buffered chunks before it returns.
    const more = new Promise<void>((resolve) => (queue.wake = resolve));
    queue.callbacks.awaiting(true);
    queue.callbacks.resume();
    await more;
    queue.callbacks.awaiting(false);
  }
}

function drop(queue: Queue): Promise<void> {
  queue.chunks.length = 0;
  queue.dropped ??= 0;
  if (queue.state === 'open') {
    queue.callbacks.awaiting(true);
    queue.callbacks.resume();
  }
  return queue.done.promise;
}

function readerOf(queue: Queue, what: string): ResponseBody {
  async function* stream(): AsyncGenerator<Uint8Array> {
    try {
      for (let chunk = await next(queue); chunk !== undefined; chunk = await next(queue)) yield chunk;
    } finally {
      cancel(queue);
    }
  }
  return {
    finished: queue.done.promise,
    stream,
    bytes: (limit) => assembled((take) => drain(queue, take), limit, what),
    drain: (take) => drain(queue, take),
    discard: () => drop(queue),
  };
}

// Not through `stream`: objects held by an async generator outlive it in the old heap, and listings are read by the ten
// thousand.
async function drain(queue: Queue, take: (chunk: Uint8Array) => void | Promise<void>): Promise<void> {
  try {
    for (let chunk = await next(queue); chunk !== undefined; chunk = await next(queue)) {
      const taking = take(chunk);
      if (taking !== undefined) await taking;
    }
  } finally {
    cancel(queue);
  }
}

async function assembled(drained: ResponseBody['drain'], limit: number, what: string): Promise<Uint8Array> {
  const whole = assembly(limit, what);
  await drained((chunk) => whole.add(chunk));
  return whole.bytes();
}

/**
 * Returns all chunks as one array. Throws REGISTRY_PROTOCOL, and stops reading, as soon as they exceed `limit` bytes.
 */
export async function collect(chunks: AsyncIterable<Uint8Array>, limit: number, what: string): Promise<Uint8Array> {
  const whole = assembly(limit, what);
  for await (const chunk of chunks) whole.add(chunk);
  return whole.bytes();
}

type Assembly = { add(chunk: Uint8Array): void; bytes(): Uint8Array };

function assembly(limit: number, what: string): Assembly {
  const parts: Uint8Array[] = [];
  let size = 0;
  return {
    add: (chunk) => {
      size += chunk.length;
      if (size > limit) {
        throw new PromotionError('REGISTRY_PROTOCOL', `${what}: the response is longer than ${limit} bytes`, {
          hint: 'check that the address belongs to a registry and not to another service',
        });
      }
      parts.push(chunk);
    },
    bytes: () => (parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, size)),
  };
}

/** Returns a body whose bytes are already here. */
export function bodyOf(bytes: Uint8Array, what: string): ResponseBody {
  async function* stream(): AsyncGenerator<Uint8Array> {
    if (bytes.length > 0) yield bytes;
  }
  const drained: ResponseBody['drain'] = async (take) => {
    if (bytes.length > 0) await take(bytes);
  };
  return {
    finished: Promise.resolve(),
    stream,
    bytes: (limit) => assembled(drained, limit, what),
    drain: drained,
    discard: async () => {},
  };
}

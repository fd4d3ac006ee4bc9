import { PromotionError } from '../../errors.ts';
import type { ResponseBody } from '../fetch.ts';

/** More than this waiting to be read pauses the socket: a socket's worth, so that memory stays flat. */
const HIGH_WATER = 65_536;

/** A body given up is still read to its end when no more than this is left: cheaper than a new connection. */
const WORTH_DRAINING = 65_536;

/** What a body does to the exchange that feeds it. */
export type Valve = {
  /** The reader wants more. */
  resume(): void;
  /** The reader wants no more: the socket can go. */
  cancel(): void;
  /** True from when a reader waits for bytes until it has some. */
  awaiting(yes: boolean): void;
};

/** A response body being received. */
export type Incoming = {
  readonly body: ResponseBody;
  /** Takes a chunk; false asks for a pause. */
  push(chunk: Uint8Array): boolean;
  end(): void;
  fail(error: unknown): void;
};

/** What has come and waits to be read. */
type Queue = {
  readonly valve: Valve;
  readonly chunks: Uint8Array[];
  readonly done: PromiseWithResolvers<void>;
  /** Bytes in `chunks`. */
  size: number;
  /** Bytes thrown away since the reader gave the body up; undefined before that. */
  dropped: number | undefined;
  state: 'open' | 'ended' | { readonly error: unknown };
  /** Tells a waiting reader that something changed. */
  wake: () => void;
};

/** Joins an exchange that pushes with a reader that pulls; `what` names the request in errors. */
export function incoming(valve: Valve, what: string): Incoming {
  const queue: Queue = {
    valve,
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
  queue.valve.cancel();
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
    // All set before resuming, which may push what is buffered before it returns.
    const more = new Promise<void>((resolve) => (queue.wake = resolve));
    queue.valve.awaiting(true);
    queue.valve.resume();
    await more;
    queue.valve.awaiting(false);
  }
}

function drop(queue: Queue): Promise<void> {
  queue.chunks.length = 0;
  queue.dropped ??= 0;
  if (queue.state === 'open') {
    queue.valve.awaiting(true);
    queue.valve.resume();
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

// Not through `stream`: what an async generator held outlives it in the old heap, and listings are read by the ten thousand.
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

/** All chunks as one array; throws REGISTRY_PROTOCOL, and reads no further, as soon as they are more than `limit` bytes. */
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
        throw new PromotionError('REGISTRY_PROTOCOL', `${what}: the answer is longer than ${limit} bytes`, {
          hint: 'check that the address is a registry and not something else that answers',
        });
      }
      parts.push(chunk);
    },
    bytes: () => (parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, size)),
  };
}

/** A body that is already here. */
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

import { PromotionError } from '../errors.ts';
import type { ResponseBody } from './fetch.ts';

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

type Queue = Omit<Incoming, 'body'> & {
  readonly finished: Promise<void>;
  next(): Promise<Uint8Array | undefined>;
  cancel(): void;
  drop(): void;
};

/** Joins an exchange that pushes with a reader that pulls; `what` names the request in errors. */
export function incoming(valve: Valve, what: string): Incoming {
  const queue = bodyQueue(valve);
  return { body: readerOf(queue, what), push: queue.push, end: queue.end, fail: queue.fail };
}

function bodyQueue(valve: Valve): Queue {
  const done = Promise.withResolvers<void>();
  const chunks: Uint8Array[] = [];
  let waiting = 0;
  let state: 'open' | 'ended' | { readonly error: unknown } = 'open';
  let dropped: number | undefined;
  let wake = (): void => {};

  const settle = (how: 'ended' | { readonly error: unknown }): void => {
    if (state !== 'open') return;
    state = how;
    done.resolve();
    wake();
  };
  const cancel = (): void => {
    if (state !== 'open') return;
    settle({ error: new PromotionError('ABORTED', 'the response body was given up') });
    valve.cancel();
  };
  const push = (chunk: Uint8Array): boolean => {
    if (dropped !== undefined) {
      dropped += chunk.length;
      if (dropped > WORTH_DRAINING) cancel();
      return true;
    }
    chunks.push(chunk);
    waiting += chunk.length;
    wake();
    return waiting < HIGH_WATER;
  };
  const next = async (): Promise<Uint8Array | undefined> => {
    while (true) {
      const chunk = chunks.shift();
      if (chunk !== undefined) {
        waiting -= chunk.length;
        return chunk;
      }
      if (state === 'ended') return undefined;
      if (state !== 'open') throw state.error;
      // All set before resuming, which may push what is buffered before it returns.
      const more = new Promise<void>((resolve) => (wake = resolve));
      valve.awaiting(true);
      valve.resume();
      await more;
      valve.awaiting(false);
    }
  };
  const drop = (): void => {
    chunks.length = 0;
    dropped ??= 0;
    if (state !== 'open') return;
    valve.awaiting(true);
    valve.resume();
  };
  return {
    finished: done.promise,
    push,
    next,
    cancel,
    drop,
    end: () => settle('ended'),
    fail: (error) => settle({ error }),
  };
}

function readerOf(queue: Queue, what: string): ResponseBody {
  async function* stream(): AsyncGenerator<Uint8Array> {
    try {
      for (let chunk = await queue.next(); chunk !== undefined; chunk = await queue.next()) yield chunk;
    } finally {
      queue.cancel();
    }
  }
  return {
    finished: queue.finished,
    stream,
    bytes: (limit) => collect(stream(), limit, what),
    discard: () => {
      queue.drop();
      return queue.finished;
    },
  };
}

/** All chunks as one array; throws REGISTRY_PROTOCOL, and reads no further, as soon as they are more than `limit` bytes. */
export async function collect(chunks: AsyncIterable<Uint8Array>, limit: number, what: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > limit) {
      throw new PromotionError('REGISTRY_PROTOCOL', `${what}: the answer is longer than ${limit} bytes`, {
        hint: 'check that the address is a registry and not something else that answers',
      });
    }
    parts.push(chunk);
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, size);
}

/** A body that is already here. */
export function bodyOf(bytes: Uint8Array, what: string): ResponseBody {
  async function* stream(): AsyncGenerator<Uint8Array> {
    if (bytes.length > 0) yield bytes;
  }
  return {
    finished: Promise.resolve(),
    stream,
    bytes: (limit) => collect(stream(), limit, what),
    discard: async () => {},
  };
}

import type { RequestBody } from './fetch.ts';

/** Bodies go out in pieces of this size, so that progress on a slow link is seen within the idle timeout. */
const PIECE = 65_536;

/** What a body being sent tells the exchange. */
export type Sender = {
  /** True while the socket has to move, false while the body's own source is waited for. */
  sending(yes: boolean): void;
  /** The source failed; nothing more comes. */
  failed(error: unknown): void;
};

/** A request body being sent. */
export type Outgoing = {
  readonly length: number;
  readonly payload: Uint8Array | AsyncIterable<Uint8Array> | null;
  /** The answer is there and no one wants the rest: pulls no more from the source, but does not end. */
  halt(): void;
  /** Ends, and lets the source go; may be called again. */
  stop(): void;
};

/** Prepares a body for sending: small bytes at once, everything else piece by piece with back pressure. */
export function outgoing(body: RequestBody, sender: Sender): Outgoing {
  const length = body.kind === 'bytes' ? body.bytes.length : body.length;
  if (body.kind === 'bytes' && length <= PIECE) {
    return { length, payload: length === 0 ? null : body.bytes, halt: () => {}, stop: () => {} };
  }
  const source = (body.kind === 'bytes' ? once(body.bytes) : body.chunks)[Symbol.asyncIterator]();
  const pull = pieces(source, sender);
  return {
    length,
    payload: length === 0 ? null : { [Symbol.asyncIterator]: () => pull.iterator },
    halt: pull.halt,
    stop: pull.stop,
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const DONE: IteratorResult<Uint8Array> = { done: true, value: undefined };

function pieces(
  source: AsyncIterator<Uint8Array>,
  sender: Sender,
): { readonly iterator: AsyncIterator<Uint8Array>; halt(): void; stop(): void } {
  let rest: Uint8Array = new Uint8Array(0);
  let state: 'open' | 'halted' | 'stopped' = 'open';
  let released = false;
  let leave = (): void => {};

  const release = (): void => {
    if (released) return;
    released = true;
    // The generator may be in the middle of `next`; what it says to the farewell is nobody's concern.
    source.return?.().catch(() => {});
  };
  const stop = (): void => {
    state = 'stopped';
    release();
    leave();
  };
  // Written out rather than Promise.race, whose long-lived loser would keep every chunk alive.
  const fromSource = (): Promise<IteratorResult<Uint8Array>> =>
    new Promise((resolve, reject) => {
      leave = () => resolve(DONE);
      if (state === 'open') source.next().then((result) => state !== 'halted' && resolve(result), reject);
    });
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    while (rest.length === 0 || state !== 'open') {
      if (state === 'stopped') return DONE;
      sender.sending(false);
      let result: IteratorResult<Uint8Array>;
      try {
        result = await fromSource();
      } catch (error) {
        released = true;
        sender.failed(error);
        return DONE;
      }
      if (result.done === true) {
        released = true;
        return DONE;
      }
      rest = result.value;
    }
    sender.sending(true);
    const value = rest.subarray(0, PIECE);
    rest = rest.subarray(PIECE);
    return { done: false, value };
  };
  const halt = (): void => {
    if (state !== 'open') return;
    state = 'halted';
    release();
  };
  return { iterator: { next, return: async () => (stop(), DONE) }, halt, stop };
}

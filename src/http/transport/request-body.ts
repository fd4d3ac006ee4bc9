import type { RequestBody } from '../fetch.ts';

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
  const pieces = piecesOf(source, sender);
  const iterator: AsyncIterator<Uint8Array> = {
    next: () => nextPiece(pieces),
    return: async () => {
      stop(pieces);
      return DONE;
    },
  };
  return {
    length,
    payload: length === 0 ? null : { [Symbol.asyncIterator]: () => iterator },
    halt: () => halt(pieces),
    stop: () => stop(pieces),
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const DONE: IteratorResult<Uint8Array> = { done: true, value: undefined };

/** What is left to be sent, and whether it is still wanted. */
type Pieces = {
  readonly source: AsyncIterator<Uint8Array>;
  readonly sender: Sender;
  rest: Uint8Array;
  state: 'open' | 'halted' | 'stopped';
  /** The source has ended, or was told that no one wants more. */
  released: boolean;
  /** Ends a `next` that waits for the source. */
  leave: () => void;
};

function piecesOf(source: AsyncIterator<Uint8Array>, sender: Sender): Pieces {
  return { source, sender, rest: new Uint8Array(0), state: 'open', released: false, leave: () => {} };
}

function release(pieces: Pieces): void {
  if (pieces.released) return;
  pieces.released = true;
  // The generator may be in the middle of `next`; what it says to the farewell is nobody's concern.
  pieces.source.return?.().catch(() => {});
}

function halt(pieces: Pieces): void {
  if (pieces.state !== 'open') return;
  pieces.state = 'halted';
  release(pieces);
}

function stop(pieces: Pieces): void {
  pieces.state = 'stopped';
  release(pieces);
  pieces.leave();
}

async function nextPiece(pieces: Pieces): Promise<IteratorResult<Uint8Array>> {
  while (pieces.rest.length === 0 || pieces.state !== 'open') {
    if (pieces.state === 'stopped') return DONE;
    pieces.sender.sending(false);
    const result = await fromSource(pieces);
    if (result.done === true) return DONE;
    pieces.rest = result.value;
  }
  pieces.sender.sending(true);
  const value = pieces.rest.subarray(0, PIECE);
  pieces.rest = pieces.rest.subarray(PIECE);
  return { done: false, value };
}

/** The source's next chunk, or the end when there is none, when it failed, or when the body is stopped meanwhile. */
function fromSource(pieces: Pieces): Promise<IteratorResult<Uint8Array>> {
  // Written out rather than Promise.race, whose long-lived loser would keep every chunk alive.
  return new Promise((resolve) => {
    pieces.leave = () => resolve(DONE);
    if (pieces.state !== 'open') return;
    pieces.source.next().then(
      (result) => {
        if (result.done === true) pieces.released = true;
        // Once halted, the body does not end before the answer has: an early end would be taken for a broken request.
        if (pieces.state !== 'halted') resolve(result);
      },
      (error: unknown) => {
        pieces.released = true;
        pieces.sender.failed(error);
        resolve(DONE);
      },
    );
  });
}

import type { RequestBody } from '../fetch.ts';

/** Bodies are sent in pieces of this size, so that progress on a slow link is seen within the idle timeout. */
const PIECE = 65_536;

/** Callbacks of a request body to its exchange. */
export type Sender = {
  /** True while bytes are to be sent, false while the source of the body has none. */
  sending(yes: boolean): void;
  /** Reports that the source failed; no more bytes come. */
  failed(error: unknown): void;
};

export type Outgoing = {
  readonly length: number;
  readonly payload: Uint8Array | AsyncIterable<Uint8Array> | null;
  /** Stops reading the source without ending the body: the response is there, and the rest is not needed. */
  halt(): void;
  /** Ends the body and releases the source; may be called again. */
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

/** The rest of a body, and whether it is still needed. */
type Pieces = {
  readonly source: AsyncIterator<Uint8Array>;
  readonly sender: Sender;
  rest: Uint8Array;
  state: 'open' | 'halted' | 'stopped';
  /** The source has ended or has been told to stop. */
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
  // The generator may be in the middle of `next`; an error of its cleanup does not matter.
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

/**
 * Returns the source's next chunk. Returns the end if the source ended or failed, or if the body is stopped meanwhile.
 */
function fromSource(pieces: Pieces): Promise<IteratorResult<Uint8Array>> {
  // Written out because the losing promise of a Promise.race would keep every chunk in memory.
  return new Promise((resolve) => {
    pieces.leave = () => resolve(DONE);
    if (pieces.state !== 'open') return;
    pieces.source.next().then(
      (result) => {
        if (result.done === true) pieces.released = true;
        // Once halted, the body must not end before the response: an early end would count as a broken request.
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

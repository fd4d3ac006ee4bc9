import type { Secrets } from '../../secrets/secrets.ts';

/** What the CLI needs of a stream: process.stdout, process.stderr, or a stream in memory. */
export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  /** The size of a terminal as it is now. */
  readonly columns?: number;
  readonly rows?: number;
  readonly writableLength?: number;
};

/** One of the two outputs. Writing never waits and never throws. */
export type Output = {
  readonly isTerminal: boolean;
  /** The width of the terminal as it is now; undefined for a pipe or a file. */
  columns(): number | undefined;
  write(text: string): void;
  /** How much was written that nobody has read yet, in bytes. */
  backlog(): number;
  /** Resolves once everything is written, with the first error; a reader that went away (EPIPE) is none. */
  close(): Promise<Error | undefined>;
};

/** The size of a terminal that does not tell it. */
export const USUAL_TERMINAL = { columns: 80, rows: 24 };

/** Wraps a stream so that no secret gets there, and an error on it ends up in `close` instead of crashing the process. */
export function outputTo(stream: OutputStream, secrets: Secrets): Output {
  const hidden = secrets.stream();
  let pending = 0;
  let failure: Error | undefined;
  let closed: (() => void) | undefined;
  const fail = (error?: Error | null): void => {
    failure ??= error ?? undefined;
  };
  const done = (error?: Error | null): void => {
    fail(error);
    pending -= 1;
    if (pending === 0) closed?.();
  };
  const write = (text: string): void => {
    // after an error nothing can arrive any more, and each try would be one more error
    if (failure !== undefined || text === '') return;
    pending += 1;
    stream.write(text, done);
  };
  stream.on('error', fail);
  return {
    isTerminal: stream.isTTY === true,
    columns: () => (stream.isTTY === true ? stream.columns || USUAL_TERMINAL.columns : undefined),
    backlog: () => stream.writableLength ?? 0,
    // A terminal gets whole lines, and parts of a display that must not wait.
    write: (text) => write(stream.isTTY === true ? secrets.hide(text) : hidden.write(text)),
    close: async () => {
      write(hidden.end());
      if (pending > 0) await new Promise<void>((resolve) => (closed = resolve));
      // a stream emits 'error' after the write's callback: listen until that turn is over
      setImmediate(() => stream.off('error', fail));
      return failure !== undefined && 'code' in failure && failure.code === 'EPIPE' ? undefined : failure;
    },
  };
}

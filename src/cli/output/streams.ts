import type { Secrets } from '../../secrets/secrets.ts';

/** The parts of a stream that the CLI uses: process.stdout, process.stderr, or a stream in memory. */
export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  /** The current size of a terminal. */
  readonly columns?: number;
  readonly rows?: number;
  readonly writableLength?: number;
};

/** One of the two outputs. Writing never waits and never throws. */
export type Output = {
  readonly isTerminal: boolean;
  /** The current width of the terminal; undefined for a pipe or a file. */
  columns(): number | undefined;
  write(text: string): void;
  /** The number of written bytes that the reader has not consumed. */
  backlog(): number;
  /** Resolves once everything is written, with the first error. A reader that went away (EPIPE) is not an error. */
  close(): Promise<Error | undefined>;
};

/** The assumed size if a terminal does not report it. */
export const USUAL_TERMINAL = { columns: 80, rows: 24 };

/** Wraps a stream: removes secrets, and returns write errors from `close` instead of crashing the process. */
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
    // after an error, all further writes would fail, too
    if (failure !== undefined || text === '') return;
    pending += 1;
    stream.write(text, done);
  };
  stream.on('error', fail);
  return {
    isTerminal: stream.isTTY === true,
    columns: () => (stream.isTTY === true ? stream.columns || USUAL_TERMINAL.columns : undefined),
    backlog: () => stream.writableLength ?? 0,
    // Terminals get whole lines, and parts of the display that must not wait for the end of a secret.
    write: (text) => write(stream.isTTY === true ? secrets.hide(text) : hidden.write(text)),
    close: async () => {
      write(hidden.end());
      if (pending > 0) await new Promise<void>((resolve) => (closed = resolve));
      // a stream emits 'error' after the write's callback, so the listener stays until the end of that turn
      setImmediate(() => stream.off('error', fail));
      return failure !== undefined && 'code' in failure && failure.code === 'EPIPE' ? undefined : failure;
    },
  };
}

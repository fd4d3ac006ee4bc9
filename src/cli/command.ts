import type { Clock } from '../clock.ts';
import type { Narrator } from '../events.ts';
import type { RateReading } from '../ratelimit/adaptive-limiter.ts';
import type { Recorded } from '../report/build/document.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Output, OutputStream } from './output/streams.ts';

/** An output as commands see it. */
export type CommandOutput = Pick<Output, 'write' | 'isTerminal'> & Partial<Pick<Output, 'columns'>>;

/** What a command works with: data goes to `stdout`, all that is told about the run to `narrate`, its summary to `stderr`. */
export type CommandServices = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: CommandOutput;
  readonly stderr: CommandOutput;
  readonly narrate: Narrator;
  /** What no output shows; each secret that a command meets is added. */
  readonly secrets: Secrets;
  /** What the line about a failed run begins with, for example `kpromo sigcheck`. */
  readonly task: string;
  readonly clock: Clock;
  /** Aborts when the user wants the run to stop; the command then tells what is done and returns. */
  readonly signal: AbortSignal;
  /** Keeps what the run came to for the reports that are written at its end, where some are. */
  readonly record?: (part: Pick<Recorded, 'run' | 'replication' | 'check' | 'context'>) => void;
  /** Is given what tells the rates of this run, once registries are open. */
  readonly onRates?: (readings: () => readonly RateReading[]) => void;
};

/** Something that follows a run until it is ended; ending waits for nobody for long, and gives what went wrong with it. */
export type Watcher = { readonly narrate: Narrator; end(): Promise<string | undefined> };

/** The world as the program sees it; tests bring their own. */
export type MainServices = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly clock: Clock;
  /** Aborted with a `stopReason` when the run shall end early. */
  readonly signal: AbortSignal;
};

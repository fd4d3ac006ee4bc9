import type { Clock } from '../clock.ts';
import type { Narrator } from '../events.ts';
import type { RateReading } from '../ratelimit/adaptive-limiter.ts';
import type { Recorded } from '../report/build/document.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Output, OutputStream } from './output/streams.ts';

/** An output as commands use it. */
type CommandOutput = Pick<Output, 'write' | 'isTerminal'> & Partial<Pick<Output, 'columns'>>;

/** The services of a command. Data goes to `stdout`, events to `narrate`, the summary to `stderr`. */
export type CommandServices = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: CommandOutput;
  readonly stderr: CommandOutput;
  /** Answers of the user. Default: the standard input of the process. */
  readonly stdin?: NodeJS.ReadableStream;
  readonly narrate: Narrator;
  /** Secrets that no output may show; commands add the ones that they read. */
  readonly secrets: Secrets;
  /** The start of the line about a failed run, for example `kpromo sigcheck`. */
  readonly task: string;
  readonly clock: Clock;
  /** Aborts when the user stops the run; the command then reports what is done and returns. */
  readonly signal: AbortSignal;
  /** Stores a report of the run for the report files, if any are requested. */
  readonly record?: (part: Pick<Recorded, 'run' | 'replication' | 'check' | 'audit' | 'context' | 'tree'>) => void;
  /** Receives a function that returns the current rates, once registries are open. */
  readonly onRates?: (readings: () => readonly RateReading[]) => void;
};

/** An observer of a run. `end` waits only a limited time, and returns a message if the observer failed. */
export type Watcher = { readonly narrate: Narrator; end(): Promise<string | undefined> };

/** The environment of the program; tests provide their own. */
export type MainServices = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly stdin?: NodeJS.ReadableStream;
  readonly clock: Clock;
  /** Aborts with a `stopReason` when the run must end early. */
  readonly signal: AbortSignal;
};

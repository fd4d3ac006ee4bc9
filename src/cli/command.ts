import type { Clock } from '../clock.ts';
import type { Narrator } from '../events.ts';
import type { PhaseEvent } from '../pipeline/phase-events.ts';
import type { Connection } from '../processes/connect.ts';
import type { RateReading } from '../ratelimit/adaptive-limiter.ts';
import type { Recorded } from '../report/build/document.ts';
import type { ReportDocument } from '../report/model/schema.ts';
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
  /** Stores the report of a run of several processes instead. */
  readonly unite?: (document: ReportDocument) => void;
  /** Receives a function that returns the current rates, once registries are open. */
  readonly onRates?: (readings: () => readonly RateReading[]) => void;
  /** In one of several processes of a run: its connection to the main process. */
  readonly peers?: Peers | undefined;
};

/** What a process shares with the others of its run. */
export type Peers = Connection & {
  /** Takes an event that the main process combines with those of the others; returns false for any other event. */
  take(event: PhaseEvent): boolean;
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

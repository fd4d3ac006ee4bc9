/** An event of a run, for logs, progress, metrics and event files. Never contains a secret. */
export type RunEvent = LogEvent | SummaryEvent | RequestEvent | BytesEvent | ProgressEvent | StoryEvent;

export type LogEvent = {
  readonly type: 'log';
  readonly level: LogLevel;
  readonly message: string;
  /** The facts of the message, for structured logs. */
  readonly fields?: LogFields | undefined;
  /** Lines with the same value say the same, such as that an origin does not respond: a log joins them to one. */
  readonly alike?: string | undefined;
  /** False if the terminal already shows the same. */
  readonly onTerminal?: false;
};

/** The facts of a log line, for structured logs. */
export type LogFields = Readonly<Record<string, string | number | readonly string[]>>;

/** The result of a command: a text for people, and its numbers. The first line of the text is its headline. */
export type SummaryEvent = { readonly type: 'summary'; readonly text: string; readonly fields: LogFields };

/** One request that was sent; each hop and replay is an event. `operation` is the rate class. */
type RequestEvent = {
  readonly type: 'request';
  readonly method: string;
  readonly url: string;
  readonly operation?: string;
  /** True for a silent read that was sent again on another connection. */
  readonly hedged?: boolean | undefined;
  readonly status?: number;
  readonly error?: string;
  readonly ms: number;
};

/** Body bytes that were sent or received, emitted as they pass through the socket. */
type BytesEvent = { readonly type: 'bytes'; readonly origin: string; readonly bytes: number };

/** Progress of the current phase; `failed` counts those of `done` that failed. */
export type ProgressEvent = {
  readonly type: 'progress';
  readonly unit: 'repositories' | 'images' | 'copies';
  readonly done: number;
  readonly total: number;
  readonly failed: number;
  /** Bytes copied and to be copied, as far as sizes are known. */
  readonly bytes?: { readonly done: number; readonly total: number };
};

/** A step of a promotion, as written to event files. */
export type StoryEvent =
  | { readonly type: 'run-started'; readonly mode: string; readonly version: string }
  | { readonly type: 'phase-started'; readonly phase: string; readonly index: number; readonly of: number }
  | { readonly type: 'phase-ended'; readonly phase: string; readonly ms: number; readonly ended: 'done' | 'broken' }
  | (ImageOf<'image-planned'> & {
      readonly source: string;
      readonly file: string;
      readonly line: number;
      readonly tags: readonly string[];
      /** The repositories that lack an image or tag. */
      readonly repositories: readonly string[];
    })
  | (ImageOf<'image-promoted'> & {
      /** The repositories that are complete now. */
      readonly repositories: readonly string[];
      /** Number of repositories that could not be written. */
      readonly failed: number;
      readonly bytes: number;
      readonly ms: number;
    })
  | (ImageOf<'image-unknown'> & {
      /** The repositories that could not be read, or whose last write could not be verified. */
      readonly repositories: readonly string[];
    })
  | (ImageOf<'image-signed'> & { readonly reference: string })
  | (ImageOf<'image-recorded'> & { readonly reference: string })
  | FailedEvent
  | { readonly type: 'registry-paused'; readonly registry: string; readonly until: string }
  | { readonly type: 'stopping'; readonly reason: string }
  | { readonly type: 'run-ended'; readonly mode: string; readonly ms: number; readonly aborted?: string | undefined }
  | { readonly type: 'exit'; readonly code: number };

type ImageOf<Type extends string> = { readonly type: Type; readonly image: string; readonly digest: string };

/** A failure; `refs` are the affected references in production. */
export type FailedEvent = {
  readonly type: 'failed';
  readonly phase: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly file?: string;
  readonly line?: number;
  readonly image?: string;
  readonly digest?: string;
  readonly refs?: readonly string[];
};

/** From the most to the least important; `fatal` is the last line of a failed run. */
export type LogLevel = (typeof LOG_LEVELS)[number];

const LOG_LEVELS = ['fatal', 'error', 'warning', 'info', 'debug', 'trace'] as const;

/** Returns true if a line of this level is at least as important as the lowest level that is logged. */
export function isLogged(level: LogLevel, lowest: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(lowest);
}

/** Receives events as they happen; never throws and never waits. */
export type Narrator = (event: RunEvent) => void;

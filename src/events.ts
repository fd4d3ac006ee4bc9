/** What happens during a run, for logs, progress and event files. Never holds a secret. */
export type RunEvent =
  | { readonly type: 'log'; readonly level: LogLevel; readonly message: string }
  | {
      readonly type: 'request';
      readonly method: string;
      readonly url: string;
      readonly status?: number;
      readonly error?: string;
      readonly ms: number;
    };

/** From the most to the least important; `fatal` is the last line of a failed run. */
export type LogLevel = 'fatal' | 'error' | 'warning' | 'info' | 'debug' | 'trace';

/** Takes events as they happen; never throws and never waits. */
export type Narrator = (event: RunEvent) => void;

import type { Clock } from '../clock.ts';
import type { LogEvent, LogLevel, Narrator, RunEvent } from '../events.ts';
import { goQuote } from './go-quote.ts';
import type { Output } from './output.ts';

/** Everything that decides how a run is narrated. */
export type LogSettings = {
  readonly output: Output;
  readonly clock: Clock;
  readonly level: LogLevel;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text unless given. */
  readonly format?: 'json';
};

/** Prints what happens; keeps the one `fatal` line back, so that it is the last. */
export type Log = {
  readonly narrate: Narrator;
  /** True once a `fatal` line is waiting. */
  readonly failed: () => boolean;
  /** Prints the `fatal` line, if any. Nothing may be written after it. */
  end(): void;
};

const ORDER: readonly LogLevel[] = ['fatal', 'error', 'warning', 'info', 'debug', 'trace'];
// SGR codes, as logrus colours its levels: red, yellow, cyan, and grey for what only debugging shows
const COLOURS: Readonly<Record<LogLevel, number>> = {
  fatal: 31,
  error: 31,
  warning: 33,
  info: 36,
  debug: 90,
  trace: 90,
};

/** A line of the log, with what it says apart for programs. */
type LogLine = Pick<LogEvent, 'level' | 'message' | 'fields'>;

/** Some 20,000 lines that nobody has read yet: more of what is not trouble would only eat memory. */
const MOST_WAITING = 4 * 1024 * 1024;

/** Narrates as text or JSON. Lines that are neither warnings nor errors are left out, and counted, where nobody reads them. */
export function createLog(settings: LogSettings): Log {
  const { output, clock, level } = settings;
  const write = settings.format === 'json' ? jsonLine : textLine(settings);
  let fatal: string | undefined;
  let dropped = 0;
  const put = (line: LogLine): void => output.write(write(line, clock.now()));
  const printLine = (line: LogLine): void => {
    if (ORDER.indexOf(line.level) > ORDER.indexOf(level)) return;
    const isLate = output.backlog() > MOST_WAITING;
    if (isLate && ORDER.indexOf(line.level) > ORDER.indexOf('warning')) {
      dropped += 1;
      return;
    }
    const message = `${dropped} lines were left out here: what reads this log is too slow`;
    if (dropped > 0 && !isLate) put({ level: 'warning', message });
    if (!isLate) dropped = 0;
    put(line);
  };
  const print = (at: LogLevel, message: string): void => printLine({ level: at, message });
  return {
    narrate: (event) => {
      const line = lineOf(event);
      if (line === undefined) return;
      const { level: at, message } = line;
      if (at !== 'fatal') return printLine(line);
      // the first is the cause; what else failed after it is an error like others
      if (fatal === undefined) fatal = message;
      else print('error', message);
    },
    failed: () => fatal !== undefined,
    end: () => {
      if (fatal !== undefined) print('fatal', fatal);
    },
  };
}

/** The text format of logrus, `time="15:04:05.000" level=info msg="..."`, coloured only on a terminal. */
function textLine({ output, env }: LogSettings): (line: LogLine, now: number) => string {
  const coloured = output.isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return ({ level, message }, now) => {
    const label = coloured ? `\x1b[${COLOURS[level]}m${level}\x1b[0m` : level;
    return `time="${timeOfDay(now)}" level=${label} msg=${quoteIfNeeded(message)}\n`;
  };
}

function jsonLine({ level, message, fields }: LogLine, now: number): string {
  return `${JSON.stringify({ time: new Date(now).toISOString(), level, msg: message, ...fields })}\n`;
}

/** What upstream's fatal lines begin with. */
const PROMOTION = 'run `cip run`: promote images: running promotion pipeline';

/** Upstream's words for a run that failed in a phase; scripts look for them in the last line. */
export function runFailedMessage(phase: string, error: string, run = PROMOTION): string {
  return `${run}: phase ${goQuote(phase)} failed: ${error}`;
}

/** Requests and log lines; other events have log lines of their own beside them. */
function lineOf(event: RunEvent): LogLine | undefined {
  if (event.type === 'log') return event;
  if (event.type !== 'request') return undefined;
  const result = event.error ?? (event.status === undefined ? 'no answer' : String(event.status));
  const { type: _, ...fields } = event;
  const message = `${event.method} ${event.url}: ${result} in ${Math.round(event.ms)}ms`;
  return { level: 'trace', message, fields };
}

/** The local time of day with milliseconds. */
function timeOfDay(ms: number): string {
  const date = new Date(ms);
  const [hours, minutes, seconds] = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) =>
    String(part).padStart(2, '0'),
  );
  return `${hours}:${minutes}:${seconds}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

// logrus leaves a value bare when all of it is of these: https://github.com/sirupsen/logrus/blob/v1.9.3/text_formatter.go (needsQuoting)
const BARE = /^[a-zA-Z0-9\-._/@^+]+$/;

function quoteIfNeeded(text: string): string {
  return BARE.test(text) ? text : goQuote(text);
}

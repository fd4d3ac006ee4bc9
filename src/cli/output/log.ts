import type { Clock } from '../../clock.ts';
import {
  isLogged,
  type LogEvent,
  type LogLevel,
  type Narrator,
  type RunEvent,
  type SummaryEvent,
} from '../../events.ts';
import { jsonText } from '../../image/json-text.ts';
import { goQuote, printable } from '../../text/go-quote.ts';
import { repeats } from './repeats.ts';
import type { Output } from './streams.ts';

/** Everything that decides how a run is narrated. */
export type LogSettings = {
  readonly output: Output;
  readonly clock: Clock;
  readonly level: LogLevel;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text unless given. */
  readonly format?: 'text' | 'json';
};

/** Prints what happens; keeps the one `fatal` line back, so that it is the last. */
export type Log = {
  readonly narrate: Narrator;
  /** True once a `fatal` line is waiting. */
  readonly failed: () => boolean;
  /** Prints the `fatal` line, if any. Nothing may be written after it. */
  end(): void;
};

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
type LogLine = Omit<LogEvent, 'type'>;

/** Some 20,000 lines that nobody has read yet: more of what is not trouble would only eat memory. */
const MOST_WAITING = 4 * 1024 * 1024;

/**
 * Narrates as text or JSON. Lines that say the same become one line with their count. Lines that are neither warnings nor errors are left out, and
 * counted, if they are not read.
 */
export function createLog(settings: LogSettings): Log {
  const { output, clock, level } = settings;
  const { write, summarize } = settings.format === 'json' ? JSON_LINES : textLines(settings);
  let fatal: LogLine | undefined;
  let dropped = 0;
  const put = (line: LogLine): void => output.write(write(line, clock.now()));
  const printLine = (line: LogLine): void => {
    if (!isLogged(line.level, level)) return;
    const isLate = output.backlog() > MOST_WAITING;
    if (isLate && !isLogged(line.level, 'warning')) {
      dropped += 1;
      return;
    }
    const message = `${dropped} lines were left out here: what reads this log is too slow`;
    if (dropped > 0 && !isLate) put({ level: 'warning', message });
    if (!isLate) dropped = 0;
    put(line);
  };
  const { joined, due } = repeats();
  const printDue = (now: number): void => {
    for (const line of due(now)) printLine(line);
  };
  return {
    narrate: (event) => {
      printDue(event.type === 'summary' ? Number.POSITIVE_INFINITY : clock.now());
      if (event.type === 'summary') return output.write(summarize(event, clock.now()));
      const line = lineOf(event);
      if (line === undefined) return;
      if (line.level !== 'fatal') return printLine(joined(line, clock.now()));
      // the first is the cause; what else failed after it is an error like others
      if (fatal === undefined) fatal = line;
      else printLine({ ...line, level: 'error' });
    },
    failed: () => fatal !== undefined,
    end: () => {
      printDue(Number.POSITIVE_INFINITY);
      if (fatal !== undefined) printLine(fatal);
    },
  };
}

/** How lines, and the summary of a command, are rendered. */
type Rendering = {
  write(line: LogLine, now: number): string;
  summarize(summary: SummaryEvent, now: number): string;
};

/** The text format of logrus, `time="15:04:05.000" level=info msg="..."`, coloured only on a terminal; wrong usage is told to people in their words. */
function textLines({ output, env }: LogSettings): Rendering {
  const coloured = output.isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  const write = ({ level, message, fields, onTerminal }: LogLine, now: number): string => {
    if (output.isTerminal && onTerminal === false) return '';
    if (output.isTerminal && level === 'fatal' && fields?.['code'] === 'USAGE')
      return `kpromo: ${printable(message)}\n`;
    const label = coloured ? `\x1b[${COLOURS[level]}m${level}\x1b[0m` : level;
    return `time="${timeOfDay(now)}" level=${label} msg=${quoteIfNeeded(message)}\n`;
  };
  return { write, summarize: ({ text }) => text };
}

/** JSON lines: what a line is about stands beside its message. */
const JSON_LINES: Rendering = {
  write: ({ level, message, fields }, now) =>
    `${jsonText({ time: new Date(now).toISOString(), level, msg: message, ...fields })}\n`,
  summarize: ({ text, fields }, now) => {
    const [headline = ''] = text.trim().split('\n');
    return JSON_LINES.write({ level: 'info', message: headline, fields }, now);
  },
};

/** An output whose texts become lines of the log, for streams that hold JSON lines only. */
export function loggedOutput(output: Output, { narrate }: Pick<Log, 'narrate'>): Output {
  const write = (text: string): void => {
    const fields = { text };
    if (text.trim() !== '') narrate({ type: 'summary', text, fields });
  };
  return { ...output, isTerminal: false, columns: () => undefined, write };
}

/** What the fatal lines of `kpromo cip` begin with: upstream's words, which scripts look for in the last line. */
export const PROMOTION = 'run `cip run`: promote images';

/** The words for a run that failed in a phase; those of a promotion are upstream's. */
export function runFailedMessage(task: string, phase: string, error: string): string {
  const run = task === PROMOTION ? `${task}: running promotion pipeline` : task;
  return `${run}: phase ${goQuote(phase)} failed: ${error}`;
}

/** Requests and log lines; other events have log lines of their own beside them. */
function lineOf(event: RunEvent): LogLine | undefined {
  if (event.type === 'log') return event;
  if (event.type !== 'request') return undefined;
  const result = event.error ?? (event.status === undefined ? 'no answer' : String(event.status));
  const { type: _, hedged, ...fields } = event;
  const again = hedged === true ? ', sent again' : '';
  const message = `${event.method} ${event.url}: ${result} in ${Math.round(event.ms)}ms${again}`;
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

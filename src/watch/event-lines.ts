import type { Clock } from '../clock.ts';
import { isLogged, type LogLevel, type Narrator, type RunEvent } from '../events.ts';
import { jsonText } from '../image/json-text.ts';

/** The output of lines. Writing never waits; the backlog is the number of unread bytes. */
type LineSink = { write(line: string): void; backlog(): number };

type EventLinesOptions = {
  readonly sink: LineSink;
  readonly clock: Clock;
  /** Less important log lines are omitted; requests are written at `trace`. */
  readonly level: LogLevel;
};

/** Some 20,000 lines: far more than the lag of a working reader, and little memory. */
const MOST_WAITING = 4 * 1024 * 1024;

/** The version of `EventLine`. */
const VERSION = 1;

/** Writes each event as a line of JSON. If the reader is too slow, omits lines and writes their number. */
export function eventLines({ sink, clock, level }: EventLinesOptions): Narrator {
  let dropped = 0;
  const put = (event: object): void => {
    sink.write(`${jsonText({ v: VERSION, time: new Date(clock.now()).toISOString(), ...event })}\n`);
  };
  return (event) => {
    if (!isTold(event, level)) return;
    if (sink.backlog() > MOST_WAITING) {
      dropped += 1;
      return;
    }
    if (dropped > 0) put({ type: 'dropped', count: dropped });
    dropped = 0;
    // Readers of events compare fields; which lines are alike is for logs, which join them.
    put(event.type === 'log' ? { ...event, alike: undefined } : event);
  };
}

function isTold(event: RunEvent, level: LogLevel): boolean {
  if (event.type === 'log') return isLogged(event.level, level);
  if (event.type === 'request') return level === 'trace';
  return event.type !== 'bytes' && event.type !== 'progress' && event.type !== 'summary';
}

import type { Clock } from '../clock.ts';
import type { LogLevel, Narrator, RunEvent } from '../events.ts';
import { jsonText } from '../image/json-text.ts';

/** Where lines go: writing never waits, and what nobody has read yet is its backlog, in bytes. */
type LineSink = { write(line: string): void; backlog(): number };

type EventLinesOptions = {
  readonly sink: LineSink;
  readonly clock: Clock;
  /** Log lines that are less important are left out; requests are told at `trace`. */
  readonly level: LogLevel;
};

/** Some 20,000 lines: far more than a reader that keeps up is ever behind, and nothing to a machine. */
const MOST_WAITING = 4 * 1024 * 1024;

/** Of `EventLine`. */
const VERSION = 1;

const ORDER: readonly LogLevel[] = ['fatal', 'error', 'warning', 'info', 'debug', 'trace'];

/** Writes each event as a line of JSON. Where the reader is too slow, lines are left out, and how many is said. */
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
    put(event);
  };
}

function isTold(event: RunEvent, level: LogLevel): boolean {
  if (event.type === 'log') return ORDER.indexOf(event.level) <= ORDER.indexOf(level);
  if (event.type === 'request') return level === 'trace';
  return event.type !== 'bytes' && event.type !== 'progress' && event.type !== 'summary';
}

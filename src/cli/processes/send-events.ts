import type { Clock } from '../../clock.ts';
import { isLogged, type LogLevel, type Narrator, type RunEvent } from '../../events.ts';
import type { Port } from '../../processes/port.ts';
import type { RateReading } from '../../ratelimit/adaptive-limiter.ts';
import type { Secrets } from '../../secrets/secrets.ts';
import { takenOf } from '../../watch/processes/taken.ts';
import type { Peers } from '../command.ts';
import type { Batch, FromChild, Result } from './messages.ts';

/** The way of a child's events to the main process. */
export type EventSender = {
  readonly narrate: Narrator;
  readonly take: Peers['take'];
  /** Sends what is left, and the result after it. */
  finish(result: Result): void;
};

type SenderOptions = {
  readonly port: Pick<Port, 'send'>;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** The main process logs no line that is less important. */
  readonly level: LogLevel;
  readonly rates: () => readonly RateReading[];
};

/** Events are sent together after this many milliseconds: often enough for a display that is drawn every 250 ms. */
const EVERY = 100;

/** More events than this are sent at once: a message of some 100 KiB. */
const MOST = 500;

/** Sends events in batches, without secrets and without lines that nobody logs. */
export function sendEvents({ port, clock, secrets, level, rates }: SenderOptions): EventSender {
  let events: Batch['events'][number][] = [];
  const bytes = new Map<string, number>();
  let cancel: (() => void) | undefined;
  const send = (kind: FromChild['kind'], content: Batch | Result): void =>
    port.send({ kind, text: secrets.hide(JSON.stringify(content)) } satisfies FromChild);
  const flush = (): void => {
    cancel?.();
    cancel = undefined;
    for (const [origin, some] of bytes) events.push({ public: { type: 'bytes', origin, bytes: some } });
    bytes.clear();
    if (events.length === 0) return;
    send('batch', { events, rates: rates() });
    events = [];
  };
  const later = (): void => {
    if (events.length >= MOST) flush();
    else cancel ??= clock.timer(EVERY, flush);
  };
  return {
    narrate: (event) => {
      if (event.type === 'bytes') bytes.set(event.origin, (bytes.get(event.origin) ?? 0) + event.bytes);
      else if (isSent(event, level)) events.push({ public: event });
      else return;
      later();
    },
    take: (event) => {
      const taken = takenOf(event);
      if (taken === undefined) return false;
      events.push({ taken });
      later();
      return true;
    },
    finish: (result) => {
      flush();
      send('result', result);
    },
  };
}

/** The summary, and the line about a failed run, are those of the main process. */
function isSent(event: RunEvent, level: LogLevel): boolean {
  if (event.type === 'summary') return false;
  return event.type !== 'log' || (event.level !== 'fatal' && isLogged(event.level, level));
}

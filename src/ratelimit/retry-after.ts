import { parseDuration } from '../text/go-duration.ts';

/** The parts of a response that may contain a wait. */
type RetryAfterSource = {
  /** Returns the first value of a header, by its lower-case name. */
  header(name: string): string | undefined;
  /** The start of the body, if it was read. */
  readonly text?: string | undefined;
};

/**
 * Returns the wait that the registry asks for, in milliseconds from now; 0 if it is over, undefined if there is none.
 * Reads `Retry-After` as seconds, fraction or HTTP date (RFC 9110 §10.2.3), `X-Retry-After` as Unix time (Docker Hub),
 * the reset of a used-up quota (GitHub), and a Go duration in the body (GHCR). A point in time is relative to the
 * response's `Date` if there is one, else to `clock` (Unix time in milliseconds).
 */
export function retryAfter(source: RetryAfterSource, clock: number): number | undefined {
  const now = httpDate(source.header('date') ?? '') ?? clock;
  return (
    parseRetryAfter(source.header('retry-after'), now) ??
    parseRetryAfter(source.header('x-retry-after'), now) ??
    (isUsedUp(source.header) ? parseRetryAfter(source.header('x-ratelimit-reset'), now) : undefined) ??
    durationIn(source.text ?? '')
  );
}

/** Returns true if the headers say that a quota is used up. */
export function isUsedUp(header: RetryAfterSource['header']): boolean {
  return header('x-ratelimit-remaining')?.trim() === '0';
}

/** A larger number of seconds is a point in time (2001 and later), not a wait. */
const UNIX_TIME = 1e9;
/** A larger Unix time is in milliseconds. */
const UNIX_MILLIS = 1e12;

/** Parses one header value to milliseconds from `now`; returns undefined for an unknown format. */
function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+(?:\.\d+)?$/.test(text)) {
    const number = Number(text);
    if (number >= UNIX_MILLIS) return wait(number - now);
    return wait(number >= UNIX_TIME ? number * 1000 - now : number * 1000);
  }
  const duration = goDuration(text);
  if (duration !== undefined) return duration;
  const date = httpDate(text);
  return date === undefined ? undefined : wait(date - now);
}

/** Parses an HTTP date to Unix milliseconds. It starts with a weekday; Date.parse would also accept «1» or «-5». */
export function httpDate(text: string): number | undefined {
  const date = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : date;
}

function goDuration(text: string): number | undefined {
  const duration = parseDuration(text);
  return duration === undefined || text.startsWith('-') ? undefined : wait(duration);
}

/** A duration in prose counts only after words that call it a wait; «limit: 100 per 1h» does not. */
const IN_TEXT =
  /(?:retry[ -_]?after|retry in|try again (?:in|after)|wait)[\s:="]{1,4}((?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h))+)(?![A-Za-z0-9])/i;

function durationIn(text: string): number | undefined {
  const found = IN_TEXT.exec(text)?.[1];
  return found === undefined ? undefined : goDuration(found);
}

function wait(ms: number): number {
  return Math.max(0, Math.ceil(ms));
}

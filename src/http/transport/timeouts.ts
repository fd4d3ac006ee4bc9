import type { HttpRequest, RequestBody } from '../fetch.ts';

/** Time limit of each stage of one request, in milliseconds. */
export type Timeouts = {
  /** From opening a socket until TCP and TLS are established. */
  readonly connect: number;
  /**
   * From the last byte of the request until the first response header. Requests with a small body or none wait less: see
   * `headersTimeout`.
   */
  readonly headers: number;
  /** Without a single byte moving while a body is sent or read. */
  readonly idle: number;
  /** From the first byte of the request until the last byte of the response. */
  readonly request: number;
  /** Minimum rate of a blob, manifest or list in bytes a minute, over all requests for it; 0 disables the check. */
  readonly bytesPerMinute: number;
};

export const DEFAULT_TIMEOUTS: Timeouts = {
  // Three lost SYNs (1, 2 and 4 s apart) are over before this ends: the host is not there.
  connect: 10_000,
  // Registries verify a whole upload before they respond to its PUT; a GiB takes tens of seconds on slow storage.
  headers: 60_000,
  // Longer than six retransmissions of TCP take (13 s). Two attempts must end within a minute.
  idle: 25_000,
  // A 4 GiB layer at 5 MB/s; a slower transfer is better aborted and reported.
  request: 900_000,
  // Twenty concurrent uploads share a link of 3 Mbit/s; at less, a layer of a GiB would take most of a day.
  bytesPerMinute: 1_048_576,
};

/** Two attempts of this many milliseconds, with connecting and backoff, take less than a minute. */
const ANSWER = 25_000;

/** Bytes of a body for which a registry is given another millisecond: storage that copies 16 MiB a second is slow. */
const BYTES_PER_MS = 16_384;

/** Returns the time in milliseconds that a registry may need to check and store a request body. */
export function processingTime(body: RequestBody | undefined): number {
  const bytes = body?.kind === 'stream' ? body.length : (body?.bytes.length ?? 0);
  return Math.min(bytes / BYTES_PER_MS, DEFAULT_TIMEOUTS.headers - ANSWER);
}

/**
 * Returns the header timeout of a request: only a registry that has received a large body needs long to respond. A
 * setting above the default applies to every write, since that registry is known to be slow.
 */
export function headersTimeout({ method, body }: HttpRequest, { headers, idle }: Timeouts): number {
  if (method === 'GET' || method === 'HEAD') return Math.min(headers, idle, ANSWER);
  if (headers > DEFAULT_TIMEOUTS.headers) return headers;
  return Math.min(headers, ANSWER + processingTime(body));
}

/** Returns timeouts for an attempt that may wait at most `ms` milliseconds. A body continues as long as bytes move. */
export function timeoutsWithin(ms: number): Pick<Timeouts, 'connect' | 'headers' | 'idle'> {
  const { connect, headers, idle } = DEFAULT_TIMEOUTS;
  return { connect: Math.min(connect, ms), headers: Math.min(headers, ms), idle: Math.min(idle, ms) };
}

/** Fills in the defaults of missing timeouts; throws a RangeError if one is not a positive number. */
export function timeoutsFrom(given: Partial<Timeouts> = {}): Timeouts {
  const all = { ...DEFAULT_TIMEOUTS, ...given };
  for (const [name, ms] of Object.entries(all)) {
    if (!(ms > 0) && !(name === 'bytesPerMinute' && ms === 0))
      throw new RangeError(`timeout "${name}" must be a positive number of milliseconds, not ${ms}`);
  }
  return all;
}

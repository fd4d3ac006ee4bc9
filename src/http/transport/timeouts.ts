/** How long each stage of one request may take, in milliseconds. */
export type Timeouts = {
  /** From opening a socket until TCP and TLS are up. */
  readonly connect: number;
  /** From the last byte of the request until the first header of the answer; for a GET or HEAD no longer than 25 s or `idle`. */
  readonly headers: number;
  /** Without a single byte moving, while a body is sent or read. */
  readonly idle: number;
  /** From the first byte of the request until the last byte of the answer. */
  readonly request: number;
  /** The fewest bytes a minute that a blob, manifest or list must move, over all requests for it; 0 waits for any. */
  readonly bytesPerMinute: number;
};

export const DEFAULT_TIMEOUTS: Timeouts = {
  // Three SYNs (1, 2 and 4 s apart) are lost before this ends: the host is not there.
  connect: 10_000,
  // Registries verify a whole upload before they answer its PUT; a GiB takes tens of seconds on slow storage.
  headers: 60_000,
  // Longer than any pause that TCP recovers from by itself on a working path.
  idle: 30_000,
  // A 4 GiB layer at 5 MB/s; what is slower than that is better cut and told.
  request: 900_000,
  // Twenty uploads at once share a link of 3 Mbit/s; at less, a layer of a GiB would take most of a day.
  bytesPerMinute: 1_048_576,
};

/** The stages of an attempt that is worth waiting for no longer than `ms`: a body goes on for as long as bytes move. */
export function timeoutsWithin(ms: number): Pick<Timeouts, 'connect' | 'headers' | 'idle'> {
  const { connect, headers, idle } = DEFAULT_TIMEOUTS;
  return { connect: Math.min(connect, ms), headers: Math.min(headers, ms), idle: Math.min(idle, ms) };
}

/** These timeouts with the defaults for what is missing; throws a RangeError on anything that is no positive time. */
export function timeoutsFrom(given: Partial<Timeouts> = {}): Timeouts {
  const all = { ...DEFAULT_TIMEOUTS, ...given };
  for (const [name, ms] of Object.entries(all)) {
    if (!(ms > 0) && !(name === 'bytesPerMinute' && ms === 0))
      throw new RangeError(`timeout "${name}" must be a positive number of milliseconds, not ${ms}`);
  }
  return all;
}

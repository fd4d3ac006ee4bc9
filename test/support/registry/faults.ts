import { random } from '../random.ts';
import type { Clock } from '../../../src/clock.ts';
import type { LogEntry } from './counters.ts';
import type { Reply } from './reply.ts';

/**
 * What goes wrong with one request. `reset` cuts the connection at once, `resetAfter` when the work is done but
 * nothing was said; `truncate` breaks off in the middle of the answer, `stall` falls silent there, `silent` before it.
 * `endEarly` ends there as if that were all, without a length; `noEnd` sends all and no end; `corrupt` sends one wrong byte.
 * `forget` says that a manifest or blob was stored, which it is not.
 */
export type Fault =
  | 'reset'
  | 'resetAfter'
  | 'truncate'
  | 'stall'
  | 'silent'
  | Spoiling
  | 'forget'
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      /** Reads the request's body to its end first. */
      readonly readBody?: boolean;
    }
  /** `cutAfter`: resets the connection when so many bytes of the request's body have been taken. */
  | { readonly delayMs?: number; readonly bytesPerSecond?: number; readonly cutAfter?: number };

/** How the body of an answer goes wrong in a way that HTTP does not show. */
export type Spoiling = 'endEarly' | 'noEnd' | 'corrupt';

/** A request as the hook sees it; `nth` counts from 1 among the requests of its kind. */
export type FaultRequest = Readonly<LogEntry> & { readonly nth: number };

/** Decides for each request whether something goes wrong; runs after latency and before everything else. */
export type FaultHook = (request: FaultRequest) => Fault | undefined | Promise<Fault | undefined>;

/** A fault that hits requests at random; `share` is their part of all, from 0 to 1. */
export type RandomFault = { readonly share: number; readonly seed: number; readonly fault: Fault };

/** Returns the hook for such a fault. */
export function randomly({ share, seed, fault }: RandomFault): FaultHook {
  const next = random(seed);
  return () => (next() < share ? fault : undefined);
}

/** How many requests a second are allowed; what is over gets a 429. */
export type Quota = {
  readonly perSecond: number;
  /** How many may come at once; one second's worth by default. */
  readonly burst?: number;
  /** The header's value; `seconds` tells how long until a request would pass; absent, none is sent. */
  readonly retryAfter?: string;
};

/** A token bucket that answers with a 429 once it is empty. */
export function quotaGate(quota: Quota | undefined, clock: Clock): () => Reply | undefined {
  if (quota === undefined) return () => undefined;
  const { perSecond, burst = Math.max(1, perSecond), retryAfter } = quota;
  let tokens = burst;
  let updated = clock.now();
  return () => {
    const now = clock.now();
    tokens = Math.min(burst, tokens + ((now - updated) / 1000) * perSecond);
    updated = now;
    if (tokens >= 1) {
      tokens -= 1;
      return undefined;
    }
    const value = retryAfter === 'seconds' ? String(Math.max(1, Math.ceil((1 - tokens) / perSecond))) : retryAfter;
    return {
      status: 429,
      headers: { 'content-type': 'application/json', ...(value !== undefined && { 'retry-after': value }) },
      body: JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message: 'quota exceeded' }] }),
    };
  };
}

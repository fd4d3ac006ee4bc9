import type { LookupFunction } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Narrator } from '../events.ts';
import { concurrencyLimiter } from '../ratelimit/limits.ts';
import type { Limiter } from '../ratelimit/limiter.ts';
import { openSecrets, type Secrets } from '../secrets/secrets.ts';
import { authenticate } from './layers/authenticate.ts';
import { circuitBreaker } from './layers/circuit-breaker.ts';
import { anonymous, type CredentialSource } from './credentials/credential.ts';
import type { Fetch, Reserve } from './fetch.ts';
import { hedging } from './layers/hedge.ts';
import { learnSecrets } from './learn-secrets.ts';
import { narrate } from './layers/narrate.ts';
import type { SettingsOf } from './transport/origin-settings.ts';
import { redirect } from './layers/redirect.ts';
import { retry } from './layers/retry.ts';
import { reserve, throttle } from './layers/throttle.ts';
import type { Timeouts } from './transport/timeouts.ts';
import { transport } from './transport/transport.ts';
import { normalizeRateLimit } from './layers/rate-limit-codes.ts';

export type HttpStackOptions = {
  readonly clock: Clock;
  /** Returns a random number from 0 to 1, for jitter. Default: `Math.random`. */
  readonly random?: () => number;
  readonly narrate?: Narrator;
  /** Secrets to redact. Default: a collection of its own. */
  readonly secrets?: Secrets;
  /** Credentials for each registry. Default: none, requests are anonymous. */
  readonly credentials?: CredentialSource;
  /** Maximum number of concurrent requests, and of sockets, for each origin. Default: 20. */
  readonly concurrency?: number;
  /** Decides when a request may be sent. Default: limits by `concurrency` alone. */
  readonly limiter?: Limiter;
  /** Timeouts that differ from the defaults in `timeouts.ts`. */
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** Settings of an origin that override the above: proxy, certificates, timeouts. */
  readonly settingsOf?: SettingsOf;
  /** Resolves host names. Default: the system's resolver. */
  readonly lookup?: LookupFunction;
  /** Receives the number of body bytes that pass through the sockets of an origin. */
  readonly onBytes?: (origin: string, bytes: number) => void;
  /** Retry budget in milliseconds. Default: as in `retry.ts`. */
  readonly retryBudget?: number | undefined;
  /** Retry budget of a host that has never responded, in milliseconds. Default: as in `retry.ts`. */
  readonly unanswered?: number | undefined;
  /** Maximum number of retries of one request. Default: no limit. */
  readonly retries?: number | undefined;
  /** Longest wait that a registry may order, in milliseconds. Default: 10 min. */
  readonly maxWait?: number;
};

/**
 * Number of concurrent requests that registries accept from one client, and that fill a link (also upstream's number).
 */
export const CONCURRENCY = 20;

/**
 * `fetch` is for registries. `outbound` has neither credentials nor redirects; it is for libraries and credential
 * sources.
 */
export type HttpStack = {
  readonly fetch: Fetch;
  readonly outbound: Fetch;
  /** Gets a permit for one request through `outbound` before the request exists. */
  readonly reserve: Reserve;
  close(): Promise<void>;
};

/** Builds the only way to the network. All layers and their order are in this one place. */
export function httpStack(options: HttpStackOptions): HttpStack {
  const { clock, random = Math.random, concurrency = CONCURRENCY, narrate: narrator = () => {} } = options;
  const secrets = options.secrets ?? openSecrets();
  const sockets = transport({
    clock,
    connections: concurrency,
    timeouts: options.timeouts,
    settingsOf: options.settingsOf,
    lookup: options.lookup,
    onBytes: options.onBytes,
  });
  const breaker = circuitBreaker(clock);
  const retried = retry({
    clock,
    breaker,
    random,
    narrate: narrator,
    budget: options.retryBudget,
    unanswered: options.unanswered,
    retries: options.retries,
    maxWait: options.maxWait,
  });

  // Read from the inside out. Each hop, replay and token request emits its own event (hence narrate at the socket,
  // where time spent waiting for a slot is not counted) and takes a slot of its own origin. The circuit breaker is inside
  // the slot, so that it times the host alone and stops what still waits for a slot.
  const limiter = options.limiter ?? concurrencyLimiter(concurrency);
  const answered = learnSecrets(secrets)(normalizeRateLimit(narrate(narrator, clock)(sockets.fetch)));
  // Each of two hedged requests has its own slot, and both together are one attempt of the retry layer.
  const hedge = hedging({ clock, limiter, narrate: narrator });
  const sent = hedge.layer(throttle(limiter, clock)(hedge.measure(breaker.layer(answered))));
  // Token requests have no redirects and no authentication. The outer retry layer knows what this one gave up on.
  const outbound = retried(sent);
  const { inside } = sockets;
  const credentials = options.credentials ?? anonymous;
  const authenticated = authenticate({ clock, credentials, inside, fetch: outbound, narrate: narrator })(sent);
  // Authentication is inside redirect, so that it sees the origin of each hop. Redirects are inside retry, so that a
  // retry starts at the registry again instead of at an expired storage address.
  return {
    fetch: retried(redirect({ inside })(authenticated)),
    outbound,
    reserve: reserve(limiter),
    close: sockets.close,
  };
}

import type { LookupFunction } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Narrator } from '../events.ts';
import { concurrencyLimiter } from '../ratelimit/limits.ts';
import type { Limiter } from '../ratelimit/limiter.ts';
import { openSecrets, type Secrets } from '../secrets/secrets.ts';
import { authenticate } from './layers/authenticate.ts';
import { anonymous, type CredentialSource } from './credentials/credential.ts';
import type { Fetch, Reserve } from './fetch.ts';
import { knowSecrets } from './know-secrets.ts';
import { narrate } from './layers/narrate.ts';
import type { SettingsOf } from './transport/origin-settings.ts';
import { redirect } from './layers/redirect.ts';
import { retry } from './layers/retry.ts';
import { reserve, throttle } from './layers/throttle.ts';
import type { Timeouts } from './transport/timeouts.ts';
import { transport } from './transport/transport.ts';
import { unmask } from './layers/rate-limit-codes.ts';

export type HttpStackOptions = {
  readonly clock: Clock;
  /** Jitter: a number from 0 to 1; `Math.random` unless given. */
  readonly random?: () => number;
  readonly narrate?: Narrator;
  /** Where the secrets are kept that go over the network; in a place of its own unless given. */
  readonly secrets?: Secrets;
  /** Who we are, to each registry; nobody unless given. */
  readonly credentials?: CredentialSource;
  /** Requests at once for each origin, and its number of sockets; 20 unless given. */
  readonly concurrency?: number;
  /** Decides when a request may be sent; by `concurrency` alone unless given. */
  readonly limiter?: Limiter;
  /** What differs from the defaults of `timeouts.ts`. */
  readonly timeouts?: Partial<Timeouts>;
  /** How an origin is reached, where that differs from the above: its proxy, its certificates, its timeouts. */
  readonly settingsOf?: SettingsOf;
  /** Resolves names; the system's resolver unless given. */
  readonly lookup?: LookupFunction;
  /** Is told of bytes of bodies as they go over the sockets of an origin. */
  readonly onBytes?: (origin: string, bytes: number) => void;
  /** Milliseconds; as `retry.ts` has it unless given. */
  readonly retryBudget?: number;
  /** Milliseconds, for a host that has not answered yet; as `retry.ts` has it unless given. */
  readonly unanswered?: number;
  /** How often one request is tried again at most; no limit unless given. */
  readonly retries?: number;
  /** Milliseconds; 10 min unless given. */
  readonly maxWait?: number;
};

/** What registries serve one client at once without complaint, and enough to fill a link (upstream's number, too). */
export const CONCURRENCY = 20;

/** `fetch` is for registries; `outbound` has neither credentials nor redirects, for libraries and credential sources. */
export type HttpStack = {
  readonly fetch: Fetch;
  readonly outbound: Fetch;
  /** Leave for one request through `outbound`, got before it is made. */
  readonly reserve: Reserve;
  close(): Promise<void>;
};

/** The one way to the network: every layer, in the one place that decides their order. */
export function httpStack(options: HttpStackOptions): HttpStack {
  const { clock, random = Math.random, concurrency = CONCURRENCY, narrate: narrator = () => {} } = options;
  const secrets = options.secrets ?? openSecrets();
  const sockets = transport({
    clock,
    connections: concurrency,
    ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts }),
    ...(options.settingsOf === undefined ? {} : { settingsOf: options.settingsOf }),
    ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
    ...(options.onBytes === undefined ? {} : { onBytes: options.onBytes }),
  });
  const retried = retry({
    clock,
    random,
    narrate: narrator,
    ...(options.retryBudget === undefined ? {} : { budget: options.retryBudget }),
    ...(options.unanswered === undefined ? {} : { unanswered: options.unanswered }),
    ...(options.retries === undefined ? {} : { retries: options.retries }),
    ...(options.maxWait === undefined ? {} : { maxWait: options.maxWait }),
  });

  // Read from the inside out. Each hop, each replay and each token request is told of on its own (hence narrate
  // at the socket, where time spent waiting for a slot is not counted) and takes its own slot of its own origin.
  const limiter = options.limiter ?? concurrencyLimiter(concurrency);
  const sent = throttle(limiter, clock)(knowSecrets(secrets)(unmask(narrate(narrator, clock)(sockets.fetch))));
  // Token requests have no redirect and no authentication of their own. What this retry gave up on, the one below knows.
  const outbound = retried(sent);
  const { inside } = sockets;
  const credentials = options.credentials ?? anonymous;
  const authenticated = authenticate({ clock, credentials, inside, fetch: outbound, narrate: narrator })(sent);
  // Authentication is inside redirect, so that it sees the origin of each hop; redirects are inside retry, so that a
  // retry asks the registry again instead of a storage address that has expired.
  return {
    fetch: retried(redirect({ inside })(authenticated)),
    outbound,
    reserve: reserve(limiter),
    close: sockets.close,
  };
}

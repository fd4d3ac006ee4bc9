import { singleFlight } from '../../async/single-flight.ts';
import { tokenRequests, type Token, type TokenNeed, type TokenWant, type TokenSourceOptions } from './token-request.ts';

/** A cache of tokens. Concurrent callers share one token request, and a token is renewed before it expires. */
export type TokenSource = {
  /** Returns a token that stays valid long enough for a small or a `large` request. */
  get(want: TokenWant, need: TokenNeed): Promise<Token>;
  /** Drops this token from the cache, unless it has been renewed already. */
  drop(want: TokenWant, token: Token): void;
};

/**
 * Remaining lifetime that a small request needs, in milliseconds, to allow for clock skew and queues. For short-lived
 * tokens: a quarter of the lifetime.
 */
const SMALL_NEED = 30_000;
/**
 * Remaining lifetime that a large body needs, in milliseconds: a GiB at 5 MB/s, rounded up. For short-lived tokens:
 * half of the lifetime.
 */
const LARGE_NEED = 300_000;
/** Maximum number of cached tokens; at 2 KiB each, a few MiB. */
const REMEMBERED = 2000;

/** Creates an empty token cache. */
export function tokenSource(options: TokenSourceOptions): TokenSource {
  const { clock } = options;
  const cache = new Map<string, Token>();
  const flight = singleFlight<Token>();
  const request = tokenRequests(options);

  const usable = (token: Token | undefined, large: boolean): token is Token => {
    if (token === undefined) return false;
    const life = token.expires - token.received;
    const need = large ? Math.min(LARGE_NEED, life / 2) : Math.min(SMALL_NEED, life / 4);
    return token.expires - clock.now() > need;
  };
  const remember = (key: string, token: Token): Token => {
    cache.delete(key);
    cache.set(key, token);
    const [oldest] = cache.keys();
    if (cache.size > REMEMBERED && oldest !== undefined) cache.delete(oldest);
    return token;
  };

  return {
    get: async (want, need) => {
      const key = keyOf(want);
      const known = cache.get(key);
      if (usable(known, need.large)) return known;
      return flight(key, need.signal, async (signal) => remember(key, await request(want, { ...need, signal })));
    },
    drop: (want, token) => {
      const key = keyOf(want);
      if (cache.get(key) === token) cache.delete(key);
    },
  };
}

function keyOf({ registry, repository, realm, service, scopes, anonymous }: TokenWant): string {
  return JSON.stringify([registry.origin, repository, realm, service, scopes, anonymous]);
}

import type { Clock } from '../../clock.ts';
import type { Credential, CredentialSource } from '../credentials/credential.ts';
import type { Fetch, Meter } from '../fetch.ts';
import { singleFlight } from '../../async/single-flight.ts';
import { tokenRequests } from './token-request.ts';

/** What a token is for. */
export type TokenWant = {
  /** The registry's own address. */
  readonly registry: URL;
  /** The path of the repository whose credentials are used; those of the host unless given. */
  readonly repository?: string | undefined;
  readonly realm: string;
  readonly service: string | undefined;
  /** Merged and sorted. */
  readonly scopes: readonly string[];
  readonly anonymous: boolean;
};

/** `credential` is the one that it was given for; undefined for an anonymous token. */
export type Token = {
  readonly value: string;
  readonly received: number;
  readonly expires: number;
  readonly credential?: Credential | undefined;
};

/** Tokens by what they are for; each is asked for once by all who need it, and renewed before it expires. */
export type TokenSource = {
  /** A token with at least the life that a small (or `large`) request needs. */
  get(want: TokenWant, need: TokenNeed): Promise<Token>;
  /** Forgets this token, unless it was renewed already. */
  drop(want: TokenWant, token: Token): void;
};

export type TokenNeed = { readonly large: boolean; readonly signal: AbortSignal; readonly meter?: Meter };

export type TokenSourceOptions = {
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly credentials: CredentialSource;
  /** True for hosts inside our own network; by name unless given. */
  readonly inside?: (hostname: string) => boolean;
};

/** A small request needs this much of a token's life, for clocks that differ and queues; a quarter of a life that is shorter. */
const SMALL_NEED = 30_000;
/** A large body needs this much: a GiB at 5 MB/s, rounded up; half of a life that is shorter. */
const LARGE_NEED = 300_000;
/** So many tokens are remembered; at 2 KiB each a few MiB. */
const REMEMBERED = 2000;

/** Remembers nothing at first. */
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

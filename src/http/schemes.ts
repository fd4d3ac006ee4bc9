import { isPromotionError } from '../errors.ts';
import { answerError } from './response/error.ts';
import { chooseScheme, parseChallenges, type Scheme } from './auth/challenge.ts';
import type { Fetch, HttpRequest, HttpResponse } from './fetch.ts';
import { singleFlight } from '../async/single-flight.ts';

/** How the registries of a run want to be asked, by origin. */
export type Schemes = {
  known(origin: string): Scheme | undefined;
  learn(origin: string, scheme: Scheme): void;
  /** Asks `/v2/` of the request's origin, once. Returns undefined if that failed. */
  tryToAsk(request: HttpRequest): Promise<Scheme | undefined>;
  /** Asks `/v2/`, once for all who need it at the same time; throws if that fails. */
  ask(request: HttpRequest): Promise<Scheme>;
};

/** Knows no origin at first. `fetch` sends requests that are not authenticated. */
export function schemes(fetch: Fetch): Schemes {
  const learned = new Map<string, Scheme>();
  const failed = new Set<string>();
  const flight = singleFlight<Scheme>();
  // The scopes of a challenge are those of one request only.
  const learn = (origin: string, scheme: Scheme): Scheme => {
    const kept = scheme.kind === 'bearer' ? { ...scheme, scopes: [] } : scheme;
    learned.set(origin, kept);
    return kept;
  };
  const ask: Schemes['ask'] = ({ url, signal, meter }) =>
    flight(url.origin, signal, async (shared) => {
      const response = await fetch({
        method: 'GET',
        url: new URL('/v2/', url),
        operation: 'other',
        // Whoever waits for this has retries of its own.
        once: true,
        signal: shared,
        ...(meter !== undefined && { meter }),
      });
      const scheme = await schemeIn(response);
      return learned.get(url.origin) ?? learn(url.origin, scheme);
    });
  return {
    known: (origin) => learned.get(origin),
    learn: (origin, scheme) => void learn(origin, scheme),
    ask,
    tryToAsk: async (request) => {
      const { origin } = request.url;
      if (failed.has(origin)) return undefined;
      try {
        return await ask(request);
      } catch (error) {
        if (!isPromotionError(error)) throw error;
        // The request itself meets the same, and is tried again; what it is answered is not believed.
        failed.add(origin);
        return undefined;
      }
    },
  };
}

// https://distribution.github.io/distribution/spec/api/#api-version-check: a registry that wants a login says how
async function schemeIn(response: HttpResponse): Promise<Scheme> {
  const { status, headers, url } = response;
  if (status === 429 || status >= 500) throw await answerError(response, `asking ${url.host} how to log in`);
  await response.body.discard();
  const challenges = parseChallenges(headers.get('www-authenticate') ?? []);
  return chooseScheme(challenges) ?? { kind: 'unnamed', offered: challenges.map(({ scheme }) => scheme) };
}

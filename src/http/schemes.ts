import { isPromotionError } from '../errors.ts';
import { answerError } from './response/error.ts';
import { chooseScheme, parseChallenges, type Scheme } from './auth/challenge.ts';
import type { Fetch, HttpRequest, HttpResponse } from './fetch.ts';
import { singleFlight } from '../async/single-flight.ts';

/** The authentication scheme of each origin in a run. */
export type Schemes = {
  known(origin: string): Scheme | undefined;
  learn(origin: string, scheme: Scheme): void;
  /** Requests `/v2/` of the request's origin, once. Returns undefined if that failed. */
  tryDetect(request: HttpRequest): Promise<Scheme | undefined>;
  /** Requests `/v2/`, once for all concurrent callers; throws if that fails. */
  detect(request: HttpRequest): Promise<Scheme>;
};

/** Starts without known origins. `fetch` sends requests without authentication. */
export function schemes(fetch: Fetch): Schemes {
  const learned = new Map<string, Scheme>();
  const failed = new Set<string>();
  const flight = singleFlight<Scheme>();
  // The scopes of a challenge hold for one request only.
  const learn = (origin: string, scheme: Scheme): Scheme => {
    const kept = scheme.kind === 'bearer' ? { ...scheme, scopes: [] } : scheme;
    learned.set(origin, kept);
    return kept;
  };
  const detect: Schemes['detect'] = ({ url, signal, meter }) =>
    flight(url.origin, signal, async (shared) => {
      const response = await fetch({
        method: 'GET',
        url: new URL('/v2/', url),
        operation: 'other',
        // The callers have their own retries.
        once: true,
        signal: shared,
        meter,
      });
      const scheme = await schemeIn(response);
      return learned.get(url.origin) ?? learn(url.origin, scheme);
    });
  return {
    known: (origin) => learned.get(origin),
    learn: (origin, scheme) => void learn(origin, scheme),
    detect,
    tryDetect: async (request) => {
      const { origin } = request.url;
      if (failed.has(origin)) return undefined;
      try {
        return await detect(request);
      } catch (error) {
        if (!isPromotionError(error)) throw error;
        // The request itself meets the same failure and is retried.
        failed.add(origin);
        return undefined;
      }
    },
  };
}

// https://distribution.github.io/distribution/spec/api/#api-version-check: a registry that requires a login names the
// scheme
async function schemeIn(response: HttpResponse): Promise<Scheme> {
  const { status, headers, url } = response;
  if (status === 429 || status >= 500) throw await answerError(response, `getting the login scheme of ${url.host}`);
  await response.body.discard();
  const challenges = parseChallenges(headers.get('www-authenticate') ?? []);
  return chooseScheme(challenges) ?? { kind: 'unnamed', offered: challenges.map(({ scheme }) => scheme) };
}

import { type Fetch, type HttpRequest, type HttpResponse, header } from '../fetch.ts';
import { isUsedUp } from '../../ratelimit/retry-after.ts';
import { peek } from '../response/peek.ts';

/** Bytes to read: error bodies are shorter, and this is enough to recognize other bodies. */
const TEXT_LIMIT = 1024;

/** Phrases with which registries and proxies report too many requests. */
const LIMITED =
  /too[\s_-]*many[\s_-]*requests|secondary rate limit|rate limit (?:is |was |has been )?(?:exceeded|reached)|exceeded [\w\s]{0,30}rate limit/i;

/** Keys of error bodies. A body with any other key is a normal response, whatever its texts say. */
const ERROR_KEYS: ReadonlySet<string> = new Set(
  'errors error error_description code message detail details status statusCode requestId documentation_url'.split(' '),
);

/**
 * Layer that turns a rate limit reported under another status into a 429, for all callers that check the status. It
 * detects a 403 with `Retry-After`, with no quota left or with matching words (GHCR: «secondary rate limit»), and such
 * an error body under 200.
 */
export const normalizeRateLimit =
  (inner: Fetch): Fetch =>
  async (request) => {
    const response = await inner(request);
    if (response.status === 403 && orders(response)) return { ...response, status: 429 };
    if (!mayBeMasked(request, response)) return response;
    const { text, response: whole } = await peek(response, TEXT_LIMIT);
    const isLimit = LIMITED.test(text) && (response.status === 403 || isError(text));
    return isLimit ? { ...whole, status: 429 } : whole;
  };

// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api: 403 or 429, with these headers
function orders(response: HttpResponse): boolean {
  return header(response, 'retry-after') !== undefined || isUsedUp((name) => header(response, name));
}

function isError(text: string): boolean {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && Object.keys(body).every((key) => ERROR_KEYS.has(key));
  } catch {
    return false;
  }
}

function mayBeMasked({ method, operation }: HttpRequest, response: HttpResponse): boolean {
  if (response.status === 403) return method !== 'HEAD';
  if (response.status !== 200 || method !== 'GET' || operation === 'download') return false;
  const length = header(response, 'content-length');
  if (length !== undefined) return Number(length) > 0 && Number(length) <= TEXT_LIMIT;
  return header(response, 'content-type')?.startsWith('application/json') === true;
}

import type { Fetch } from '../fetch.ts';
import { ANSWER_LIMIT } from './fetch-json.ts';

/** The part of the web's fetch that libraries use: an address, and a request with a text body. */
type WebFetch = (
  input: string | URL | Request,
  init?: {
    readonly method?: string;
    readonly headers?: ConstructorParameters<typeof Headers>[0];
    readonly body?: unknown;
  },
) => Promise<Response>;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * Returns a web-style fetch that sends a library's small requests through `fetch`, so that our permits, retries,
 * timeouts, proxy and CA apply.
 */
export function webFetch(fetch: Fetch, signal: AbortSignal): WebFetch {
  return async (input, { method: name = 'GET', headers, body } = {}) => {
    const method = METHODS.find((known) => known === name.toUpperCase());
    if (method === undefined) throw new TypeError(`a library sends ${name}, which is not supported`);
    if (body !== undefined && body !== null && typeof body !== 'string' && !(body instanceof URLSearchParams))
      throw new TypeError('a library sends a body that is not text');
    const response = await fetch({
      method,
      url: new URL(input instanceof Request ? input.url : input),
      headers: Object.fromEntries(new Headers(headers)),
      operation: 'token',
      wholeBody: ANSWER_LIMIT,
      signal,
      body: body ? { kind: 'bytes', bytes: Buffer.from(body.toString()) } : undefined,
    });
    const bytes = await response.body.bytes(ANSWER_LIMIT);
    const answered = [...response.headers].flatMap(([key, values]) =>
      values.map((value): [string, string] => [key, value]),
    );
    // A Response with one of these statuses must have no body.
    const empty = method === 'HEAD' || response.status === 204 || response.status === 304;
    return new Response(empty ? null : Buffer.from(bytes), { status: response.status, headers: answered });
  };
}

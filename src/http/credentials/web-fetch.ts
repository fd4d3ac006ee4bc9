import type { Fetch } from '../fetch.ts';
import { ANSWER_LIMIT } from './ask.ts';

/** The part of the web's fetch that libraries use: an address, and a request whose body is text. */
export type WebFetch = (
  input: string | URL | Request,
  init?: {
    readonly method?: string;
    readonly headers?: ConstructorParameters<typeof Headers>[0];
    readonly body?: unknown;
  },
) => Promise<Response>;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Sends a library's small requests through `fetch`, so that permits, retries, timeouts, proxy and CA are ours. */
export function webFetch(fetch: Fetch, signal: AbortSignal): WebFetch {
  return async (input, { method: name = 'GET', headers, body } = {}) => {
    const method = METHODS.find((known) => known === name.toUpperCase());
    if (method === undefined) throw new TypeError(`a library wants to send ${name}, which is not provided for`);
    if (body !== undefined && body !== null && typeof body !== 'string' && !(body instanceof URLSearchParams))
      throw new TypeError('a library wants to send a body that is no text');
    const response = await fetch({
      method,
      url: new URL(input instanceof Request ? input.url : input),
      headers: Object.fromEntries(new Headers(headers)),
      operation: 'token',
      wholeBody: ANSWER_LIMIT,
      signal,
      ...(body && { body: { kind: 'bytes', bytes: Buffer.from(body.toString()) } }),
    });
    const bytes = await response.body.bytes(ANSWER_LIMIT);
    const answered = [...response.headers].flatMap(([key, values]) =>
      values.map((value): [string, string] => [key, value]),
    );
    // These statuses have no body, and a Response takes none with them.
    const empty = method === 'HEAD' || response.status === 204 || response.status === 304;
    return new Response(empty ? null : Buffer.from(bytes), { status: response.status, headers: answered });
  };
}

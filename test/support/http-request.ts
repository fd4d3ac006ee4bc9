import type { HttpRequest } from '../../src/http/fetch.ts';

/** A GET of this address with nothing special about it, but for what is given. */
export function requestTo(url: URL | string, given: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', url: new URL(url), operation: 'read', signal: new AbortController().signal, ...given };
}

/** What a promise was rejected with; fails when it was not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    () => ({ rejected: false as const }),
    (error: unknown) => ({ rejected: true as const, error }),
  );
  if (!outcome.rejected) throw new Error('nothing was thrown');
  return outcome.error;
}

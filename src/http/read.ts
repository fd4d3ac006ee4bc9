import { answerError } from './answer-error.ts';
import type { Fetch, HttpRequest, HttpResponse } from './fetch.ts';
import { redactUrl } from './redact.ts';
import { bodyOf } from './response-body.ts';

/**
 * Sends a request and reads its answer to the end, `limit` bytes at most. With a retry layer in `fetch`, a 2xx body that
 * was cut short or stalled is asked for again within that layer's one budget; that of a refusal counts as empty then.
 */
export async function readAll(
  fetch: Fetch,
  request: HttpRequest,
  limit: number,
): Promise<{ readonly response: HttpResponse; readonly bytes: Uint8Array }> {
  const response = await fetch({ ...request, wholeBody: limit });
  const bytes = await response.body.bytes(limit).catch((error: unknown) => {
    request.signal.throwIfAborted();
    // What a refusal means, its status says: that its words were cut short changes nothing.
    if (response.status < 300) throw error;
    return new Uint8Array();
  });
  // whole again, for an error to tell what the registry said
  return { response: { ...response, body: bodyOf(bytes, `${request.method} ${redactUrl(request.url)}`) }, bytes };
}

/**
 * Returns when the status is one of `expected`, with the body untouched; otherwise gives the body up and throws what the
 * status means. `operation` and `object` become the beginning of the message: «reading manifest host/repo:tag». `host` is the registry
 * meant, where another one answered for it.
 */
export async function ensureStatus(
  response: HttpResponse,
  expected: readonly number[],
  operation: string,
  object: string,
  host?: string,
): Promise<void> {
  if (!expected.includes(response.status)) throw await answerError(response, `${operation} ${object}`, host);
}

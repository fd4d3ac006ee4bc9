import { answerError } from './error.ts';
import type { Fetch, HttpRequest, HttpResponse } from '../fetch.ts';
import { redactUrl } from '../redact.ts';
import { bodyOf } from '../transport/response-body.ts';

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
  // What a refusal means, its status says: that its words were cut short changes nothing.
  if (response.status >= 300) return readRefusal(response, request, limit);
  const bytes = await response.body.bytes(limit);
  return { response: withBytes(response, request, bytes), bytes };
}

/** An answer that was read: what `read` made of a 2xx, or the first bytes of a refusal. */
export type ReadAnswer<T> = { readonly response: HttpResponse; readonly bytes: Uint8Array; readonly value?: T };

/** The words of a refusal are shorter; more is a proxy's page. */
const REFUSAL_BYTES = 1024 * 1024;

/** Like readAll, but a 2xx answer is read by `read`, once more for each attempt, and need not be held. */
export async function readWith<T>(
  fetch: Fetch,
  request: HttpRequest,
  read: (response: HttpResponse) => Promise<T>,
): Promise<ReadAnswer<T>> {
  let last: { readonly value: T } | undefined;
  const wholeBody = async (response: HttpResponse): Promise<void> => {
    last = undefined;
    last = { value: await read(response) };
  };
  const response = await fetch({ ...request, wholeBody });
  if (response.status >= 300) return readRefusal(response, request, REFUSAL_BYTES);
  // Without a retry layer nobody has read it.
  if (last === undefined) await wholeBody(response);
  return { response, bytes: new Uint8Array(), ...last };
}

async function readRefusal(
  response: HttpResponse,
  request: HttpRequest,
  limit: number,
): Promise<{ readonly response: HttpResponse; readonly bytes: Uint8Array }> {
  const bytes = await response.body.bytes(limit).catch(() => {
    request.signal.throwIfAborted();
    return new Uint8Array();
  });
  return { response: withBytes(response, request, bytes), bytes };
}

/** The answer whole again, for an error to tell what the registry said. */
function withBytes(response: HttpResponse, { method, url }: HttpRequest, bytes: Uint8Array): HttpResponse {
  return { ...response, body: bodyOf(bytes, `${method} ${redactUrl(url)}`) };
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

import { answerError } from './error.ts';
import type { Fetch, HttpRequest, HttpResponse } from '../fetch.ts';
import { redactUrl } from '../redact.ts';
import { bodyOf } from '../transport/response-body.ts';

/**
 * Sends a request and reads the response to its end, `limit` bytes at most. With a retry layer in `fetch`, a truncated
 * or stalled 2xx body is requested again within that layer's budget. The truncated body of a refusal counts as empty.
 */
export async function readAll(
  fetch: Fetch,
  request: HttpRequest,
  limit: number,
): Promise<{ readonly response: HttpResponse; readonly bytes: Uint8Array }> {
  const response = await fetch({ ...request, wholeBody: limit });
  // The status alone says what a refusal means, so a truncated message does not matter.
  if (response.status >= 300) return readRefusal(response, request, limit);
  const bytes = await response.body.bytes(limit);
  return { response: withBytes(response, request, bytes), bytes };
}

/** A response that was read: the result of `read` for a 2xx, or the first bytes of a refusal. */
export type ReadAnswer<T> = { readonly response: HttpResponse; readonly bytes: Uint8Array; readonly value?: T };

/** Maximum size of a refusal that is read, in bytes; more is a proxy's page. */
const REFUSAL_BYTES = 1024 * 1024;

/** Like readAll, but passes a 2xx response to `read`, once for each attempt, so that it need not be held in memory. */
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
  // Without a retry layer the body has not been read yet.
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

/** Returns the response with its body restored, so that an error can quote it. */
function withBytes(response: HttpResponse, { method, url }: HttpRequest, bytes: Uint8Array): HttpResponse {
  return { ...response, body: bodyOf(bytes, `${method} ${redactUrl(url)}`) };
}

/**
 * Returns if the status is one of `expected`, with the body untouched. Otherwise discards the body and throws the error
 * for the status. Its message begins with `operation` and `object`: «reading manifest host/repo:tag». `host` is the
 * registry meant, if another host responded for it.
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

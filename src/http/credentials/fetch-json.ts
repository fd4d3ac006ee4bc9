import type { z } from 'zod';
import { PromotionError } from '../../errors.ts';
import type { Fetch, HttpRequest } from '../fetch.ts';
import { ensureStatus } from '../response/read.ts';
import { redactUrl } from '../redact.ts';

/** Credentials are a few KiB at most. */
export const ANSWER_LIMIT = 1_048_576;

/** A request of a credential source, without `operation` and size limit. */
export type CredentialRequest = Omit<HttpRequest, 'operation' | 'wholeBody'>;

/**
 * Returns the body of a 200 response as text. Throws the error of any other status; its message begins with `what`,
 * such as «getting a token from».
 */
export async function fetchText(fetch: Fetch, question: CredentialRequest, what: string): Promise<string> {
  const response = await fetch({ ...question, operation: 'token', wholeBody: ANSWER_LIMIT });
  await ensureStatus(response, [200], what, redactUrl(question.url));
  return Buffer.from(await response.body.bytes(ANSWER_LIMIT)).toString('utf8');
}

/** Returns the body of a 200 response as JSON that matches `schema`. Throws REGISTRY_PROTOCOL if it does not match. */
export async function fetchJson<T>(
  fetch: Fetch,
  question: CredentialRequest,
  what: string,
  schema: z.ZodType<T>,
): Promise<T> {
  const { data } = schema.safeParse(json(await fetchText(fetch, question, what)));
  if (data !== undefined) return data;
  throw new PromotionError(
    'REGISTRY_PROTOCOL',
    `${what} ${redactUrl(question.url)}: the response has an unexpected format`,
    {
      hint: 'check that no other service answers at that address',
    },
  );
}

/** Builds a POST request whose body is a URL-encoded form. */
export function form(
  url: string | URL,
  fields: Readonly<Record<string, string>>,
  signal: AbortSignal,
): CredentialRequest {
  return {
    method: 'POST',
    url: new URL(url),
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: { kind: 'bytes', bytes: Buffer.from(new URLSearchParams(fields).toString()) },
    signal,
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

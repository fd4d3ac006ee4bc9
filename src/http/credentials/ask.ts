import type { z } from 'zod';
import { PromotionError } from '../../errors.ts';
import type { Fetch, HttpRequest } from '../fetch.ts';
import { ensureStatus } from '../response/read.ts';
import { redactUrl } from '../redact.ts';

/** Credentials are a few KiB at most. */
export const ANSWER_LIMIT = 1_048_576;

/** A request of a credential source, `operation` and limit left out. */
export type Question = Omit<HttpRequest, 'operation' | 'wholeBody'>;

/** The text of a 200; throws what any other answer stands for. `what` begins the error: «getting a token from». */
export async function askText(fetch: Fetch, question: Question, what: string): Promise<string> {
  const response = await fetch({ ...question, operation: 'token', wholeBody: ANSWER_LIMIT });
  await ensureStatus(response, [200], what, redactUrl(question.url));
  return Buffer.from(await response.body.bytes(ANSWER_LIMIT)).toString('utf8');
}

/** The same for JSON of a known form. */
export async function askJson<T>(fetch: Fetch, question: Question, what: string, schema: z.ZodType<T>): Promise<T> {
  const { data } = schema.safeParse(json(await askText(fetch, question, what)));
  if (data !== undefined) return data;
  throw new PromotionError('REGISTRY_PROTOCOL', `${what} ${redactUrl(question.url)}: the answer has another form`, {
    hint: 'check that nothing else answers at that address',
  });
}

/** A form as `POST` sends it. */
export function form(url: string | URL, fields: Readonly<Record<string, string>>, signal: AbortSignal): Question {
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

import { PromotionError, isPromotionError } from '../../errors.ts';
import { withoutEndSlashes } from '../../image/end-slashes.ts';
import type { Fetch, HttpRequest } from '../../http/fetch.ts';

/** A permit to send one request to a service. */
export type Permit = NonNullable<HttpRequest['permit']>;

/** The signing services, as errors name them. */
type ServiceName = 'Fulcio' | 'Rekor' | 'the timestamp authority';

/** One `POST` to a service, or a `GET` without a body. */
export type ServiceRequest = Pick<HttpRequest, 'url' | 'once' | 'headersWithin' | 'permit' | 'signal'> & {
  readonly service: ServiceName;
  /** Purpose of the request, which begins the error: «logging a signature». */
  readonly purpose: string;
  readonly type?: string | undefined;
  readonly body?: Uint8Array | undefined;
  /** The statuses of success. */
  readonly expected: readonly number[];
};

export type ServiceAnswer = {
  readonly status: number;
  readonly bytes: Uint8Array;
  readonly location?: string | undefined;
};

/**
 * Maximum response size in bytes. Certificates, log entries and timestamps are a few KiB; the proof of a log entry may
 * be larger.
 */
const ANSWER_LIMIT = 1_048_576;
/** Maximum number of characters of a response in an error. */
const SHOWN = 300;
/**
 * Temporary failures. 409: the log has these very bytes, and a new signature is another entry. 499: other requests were
 * cancelled, and the log's batch with them.
 */
const PASSING: ReadonlySet<number> = new Set([408, 409, 425, 429, 499]);
const PASSING_CODES: ReadonlySet<string> = new Set(['NETWORK', 'TIMEOUT', 'STALLED', 'REGISTRY_ERROR']);

/** Returns the response of a service; throws SIGNING_SERVICE, with the service's message, for an unexpected status. */
export async function askService(fetch: Fetch, request: ServiceRequest): Promise<ServiceAnswer> {
  const { url, body, type, signal, once, headersWithin, permit } = request;
  const sent: HttpRequest = {
    method: body === undefined ? 'GET' : 'POST',
    url,
    operation: body === undefined ? 'read' : 'write',
    headers:
      type === undefined ? { accept: 'application/json' } : { 'content-type': type, accept: ACCEPT[type] ?? type },
    body: body && { kind: 'bytes', bytes: body },
    once,
    headersWithin,
    permit,
    wholeBody: ANSWER_LIMIT,
    signal,
  };
  const failed = (error: unknown): never => {
    throw isPromotionError(error) ? failure(request, error.message, error) : error;
  };
  const { status, headers, body: answer, hide } = await fetch(sent).catch(failed);
  const bytes = await answer.bytes(ANSWER_LIMIT).catch(failed);
  const location = headers.get('location')?.[0];
  if (request.expected.includes(status)) return { status, bytes, location };
  const code = status >= 500 || PASSING.has(status) ? 'REGISTRY_ERROR' : 'REGISTRY_PROTOCOL';
  const problem = `it responded with ${status}${words(bytes, hide)}`;
  throw failure(request, problem, new PromotionError(code, `status ${status}`));
}

/** The media type in which a timestamp authority responds. */
const ACCEPT: Readonly<Record<string, string>> = { 'application/timestamp-query': 'application/timestamp-reply' };

/** Returns the error for a response that does not match the service's specification. */
export function malformed(
  request: Pick<ServiceRequest, 'service' | 'purpose' | 'url'>,
  cause: unknown,
): PromotionError {
  return failure(request, 'its response has an unexpected format', cause);
}

/** Returns true if the service did not respond, or responded that it is unavailable. */
export function isOutage(error: unknown): boolean {
  return isPromotionError(error, 'SIGNING_SERVICE') && (isNewSignatureNeeded(error) || isTransient(error.cause));
}

/** Returns true if a retry may succeed with a new signature, but not with the same request. */
export function isNewSignatureNeeded(error: unknown): boolean {
  return isPromotionError(error, 'SIGNING_SERVICE') && isPromotionError(error.cause, 'REPLAY_NEEDED');
}

function isTransient(error: unknown): boolean {
  return isPromotionError(error) && PASSING_CODES.has(error.code);
}

/** Returns the address of an endpoint below the base address of a service. */
export function endpoint(base: URL, path: string): URL {
  const url = new URL(base);
  url.pathname = `${withoutEndSlashes(base.pathname)}${path}`;
  return url;
}

function failure(
  { service, purpose, url, once }: Pick<ServiceRequest, 'service' | 'purpose' | 'url' | 'once'>,
  problem: string,
  reason: unknown,
): PromotionError {
  const isReplay = once === true && isTransient(reason);
  const cause = isReplay ? new PromotionError('REPLAY_NEEDED', problem, { cause: reason }) : reason;
  return new PromotionError('SIGNING_SERVICE', `${purpose}: ${service} at ${url.origin}${url.pathname}: ${problem}`, {
    cause,
    hint: 'run again later to sign the remaining images; published images are kept',
  });
}

function words(bytes: Uint8Array, hide = (text: string): string => text): string {
  const text = Buffer.from(bytes.subarray(0, 4096)).toString('utf8');
  const clean = hide(messageIn(text) ?? text)
    .replaceAll(/[^\x20-\x7e…]+/g, ' ')
    .trim();
  return clean === '' ? '' : `: ${clean.slice(0, SHOWN)}`;
}

function messageIn(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const message = typeof value === 'object' && value !== null && 'message' in value ? value.message : undefined;
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}

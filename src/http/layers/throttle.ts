import type { Clock } from '../../clock.ts';
import type { Answer, Lane, Limiter, Permit, RequestClass, Want } from '../../ratelimit/limiter.ts';
import { promisedRate } from '../../ratelimit/rate-headers.ts';
import { retryAfter } from '../../ratelimit/retry-after.ts';
import { header, type Fetch, type HttpRequest, type HttpResponse, type Operation, type Reserve } from '../fetch.ts';
import { peek } from '../response/peek.ts';

const KINDS: Readonly<Record<Operation, readonly [Lane, RequestClass]>> = {
  token: ['small', 'token'],
  list: ['small', 'list'],
  read: ['small', 'read'],
  write: ['small', 'write'],
  download: ['download', 'read'],
  session: ['small', 'write'],
  upload: ['upload', 'write'],
  other: ['small', 'read'],
};

/** Bytes of a refusal that are searched for a wait. */
const TEXT_LIMIT = 4096;

/**
 * Layer that sends a request when the limiter permits it, and reports the outcome to the limiter. The slot is held
 * until the socket is done with the response.
 */
export const throttle =
  (limiter: Limiter, clock: Clock) =>
  (inner: Fetch): Fetch =>
  async (request) => {
    const permit = request.permit ?? (await acquire(limiter, request));
    try {
      const { response, text } = await withText(await inner(request));
      permit.answered(answerOf(response, text, clock.now()));
      void response.body.finished.then(permit.release);
      return response;
    } catch (error) {
      permit.release();
      throw error;
    }
  };

/** Returns a function that gets a permit to write to an origin before the request exists. */
export const reserve =
  (limiter: Limiter): Reserve =>
  ({ origin }, signal) =>
    limiter.acquire({ origin, lane: 'small', class: 'write' }, signal);

function acquire(limiter: Limiter, request: HttpRequest): Promise<Permit> {
  return limiter.acquire(wantOf(request), request.signal);
}

/** Returns what a request needs a permit for. */
export function wantOf({ operation, url }: HttpRequest): Want {
  const [lane, kind] = KINDS[operation];
  return { origin: url.origin, lane, class: kind };
}

/** Adds the start of a 429 body without wait headers, which may name the wait. The body stays whole. */
async function withText(response: HttpResponse): Promise<{ readonly response: HttpResponse; readonly text?: string }> {
  const isSilent = response.status === 429 && header(response, 'retry-after') === undefined;
  return isSilent ? peek(response, TEXT_LIMIT) : { response };
}

function answerOf(response: HttpResponse, text: string | undefined, now: number): Answer {
  const { status } = response;
  const named = (name: string): string | undefined => header(response, name);
  const orders = status === 429 || status === 503;
  const pause = orders ? retryAfter({ header: named, ...(text !== undefined && { text }) }, now) : undefined;
  const rate = promisedRate(named);
  return { status, ...(pause !== undefined && { pause }), ...(rate !== undefined && { rate }) };
}

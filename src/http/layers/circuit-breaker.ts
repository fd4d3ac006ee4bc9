import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import type { Fetch, HttpRequest } from '../fetch.ts';
import { redactUrl } from '../redact.ts';
import { isUnanswered } from '../transport/network-error.ts';
import { processingTime } from '../transport/timeouts.ts';

/** Stops requests to hosts that accept them without responding. */
export type CircuitBreaker = {
  readonly layer: (inner: Fetch) => Fetch;
  /** Returns true if a request failed with this error at a host that has stopped responding: a retry would fail, too. */
  hasOpened(error: PromotionError): boolean;
};

/** How long a host may send no response, in milliseconds, in addition to the processing time of a large body. */
const SILENCE_LIMIT = 30_000;

/** One silent socket does not mean that a host is silent. */
const LEAST_ATTEMPTS = 2;

/** How long no request is sent to a host that has stopped responding, in milliseconds; as for a helper that failed. */
const OPEN_MS = 30_000;

/** Attempts that brought no response since the last one that did; times in milliseconds in which this process ran. */
type Silence = {
  attempts: number;
  since: number;
  answeredAt: number;
  openUntil: number;
  /** Requests that were sent after a silent attempt: they are given up when the breaker opens. */
  readonly waiting: Set<AbortController>;
};

/**
 * Creates a circuit breaker. It watches each origin as a whole, and each kind of request by itself: a host that answers
 * reads may be silent on writes.
 */
export function circuitBreaker(clock: Clock): CircuitBreaker {
  const silences = new Map<string, Silence>();
  const final = new WeakSet<PromotionError>();
  const silenceOf = (key: string): Silence => {
    const silence = silences.get(key) ?? { attempts: 0, since: 0, answeredAt: 0, openUntil: 0, waiting: new Set() };
    silences.set(key, silence);
    return silence;
  };
  const layer: CircuitBreaker['layer'] = (inner) => async (request) => {
    const { origin } = request.url;
    const watched = [silenceOf(origin), silenceOf(`${origin} ${request.method} ${request.operation}`)];
    const began = clock.elapsed();
    const open = watched.find(({ openUntil }) => began < openUntil);
    if (open !== undefined) {
      const error = givenUp(request, 'not sent', began - open.since);
      final.add(error);
      throw error;
    }
    const own = watch(request, watched);
    try {
      const response = await inner(own === undefined ? request : withSignal(request, own));
      for (const silence of watched) end(silence, clock.elapsed());
      return response;
    } catch (error) {
      if (request.signal.aborted || request.headersWithin !== undefined) throw error;
      const ended = clock.elapsed();
      const failure = own?.signal.aborted === true ? givenUp(request, 'given up', ended - began) : error;
      if (failure !== error || openedBy(failure, request, watched, { began, ended }))
        final.add(failure as PromotionError);
      throw failure;
    } finally {
      if (own !== undefined) for (const { waiting } of watched) waiting.delete(own);
    }
  };
  return { layer, hasOpened: (error) => final.has(error) };
}

/** Counts a failed attempt. Returns true if the host has now been silent for too long. */
function openedBy(
  error: unknown,
  { body }: HttpRequest,
  watched: readonly Silence[],
  { began, ended }: { readonly began: number; readonly ended: number },
): boolean {
  const isSilent = isUnanswered(error);
  if (!isSilent) for (const silence of watched) end(silence, silence.answeredAt);
  const limit = SILENCE_LIMIT + processingTime(body);
  return isSilent && watched.filter((silence) => isOver(silence, began, ended, limit)).length > 0;
}

/**
 * Returns a controller that ends the request when the breaker opens. A stream, which may still move, and a request with a
 * limit of its own have none.
 */
function watch({ body, headersWithin }: HttpRequest, watched: readonly Silence[]): AbortController | undefined {
  if (body?.kind === 'stream' || headersWithin !== undefined || watched.every(({ attempts }) => attempts === 0))
    return undefined;
  const own = new AbortController();
  for (const { attempts, waiting } of watched) if (attempts > 0) waiting.add(own);
  return own;
}

function withSignal(request: HttpRequest, { signal }: AbortController): HttpRequest {
  return { ...request, signal: AbortSignal.any([request.signal, signal]) };
}

function end(silence: Silence, answeredAt: number): void {
  silence.attempts = 0;
  silence.answeredAt = answeredAt;
  silence.openUntil = 0;
}

/** Adds a silent attempt. Returns true, and sends no more requests for a while, if the silence has lasted too long. */
function isOver(silence: Silence, began: number, ended: number, limit: number): boolean {
  // A response to another request may have come after this one was sent.
  const start = Math.max(began, silence.answeredAt);
  silence.since = silence.attempts === 0 ? start : Math.min(silence.since, start);
  silence.attempts += 1;
  if (silence.attempts < LEAST_ATTEMPTS || ended - silence.since < limit) return false;
  silence.openUntil = ended + OPEN_MS;
  for (const other of silence.waiting) other.abort();
  return true;
}

function givenUp({ method, url }: HttpRequest, how: string, silentMs: number): PromotionError {
  const what = `${method} ${redactUrl(url)}`;
  return new PromotionError(
    'TIMEOUT',
    `${what}: ${how}, since the host has responded to no such request for ${Math.round(silentMs / 1000)} s`,
    { hint: 'check the network path to the host, or set longer timeouts in the registry configuration' },
  );
}

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

/** Maximum duration of an attempt in milliseconds. A longer one means that this machine slept, not the host. */
const LONGEST_ATTEMPT = 120_000;

/** Attempts that brought no response since the last one that did; times in milliseconds of the clock. */
type Silence = { attempts: number; since: number; answeredAt: number; openUntil: number };

/**
 * Creates a circuit breaker. It watches each origin as a whole, and each kind of request by itself: a host that answers
 * reads may be silent on writes.
 */
export function circuitBreaker(clock: Clock): CircuitBreaker {
  const silences = new Map<string, Silence>();
  const final = new WeakSet<PromotionError>();
  const silenceOf = (key: string): Silence => {
    const silence = silences.get(key) ?? { attempts: 0, since: 0, answeredAt: 0, openUntil: 0 };
    silences.set(key, silence);
    return silence;
  };
  const layer: CircuitBreaker['layer'] = (inner) => async (request) => {
    const { origin } = request.url;
    const watched = [silenceOf(origin), silenceOf(`${origin} ${request.method} ${request.operation}`)];
    const began = clock.now();
    const open = watched.find(({ openUntil }) => began < openUntil);
    if (open !== undefined) {
      const error = notSent(request, began - open.since);
      final.add(error);
      throw error;
    }
    try {
      const response = await inner(request);
      for (const silence of watched) end(silence, clock.now());
      return response;
    } catch (error) {
      if (request.signal.aborted || request.headersWithin !== undefined) throw error;
      const ended = clock.now();
      const limit = SILENCE_LIMIT + processingTime(request.body);
      const isSilent = isUnanswered(error) && ended - began <= LONGEST_ATTEMPT;
      for (const silence of watched) {
        if (!isSilent) end(silence, silence.answeredAt);
        else if (isOver(silence, began, ended, limit)) final.add(error);
      }
      throw error;
    }
  };
  return { layer, hasOpened: (error) => final.has(error) };
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
  return true;
}

function notSent({ method, url }: HttpRequest, silentMs: number): PromotionError {
  const what = `${method} ${redactUrl(url)}`;
  return new PromotionError(
    'TIMEOUT',
    `${what}: not sent, since the host has responded to no such request for ${Math.round(silentMs / 1000)} s`,
    { hint: 'check the network path to the host, or set longer timeouts in the registry configuration' },
  );
}

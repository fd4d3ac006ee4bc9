import { onAbort } from '../../abort.ts';
import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import type { Narrator } from '../../events.ts';
import type { Limiter } from '../../ratelimit/limiter.ts';
import type { Fetch, HttpRequest, HttpResponse, Operation } from '../fetch.ts';
import { redactUrl } from '../redact.ts';
import { isUnanswered } from '../transport/network-error.ts';
import { processingTime } from '../transport/timeouts.ts';
import { learntLatencies } from './latencies.ts';
import { wantOf } from './throttle.ts';

type HedgingOptions = {
  readonly clock: Clock;
  readonly limiter: Pick<Limiter, 'spare'>;
  readonly narrate?: Narrator | undefined;
};

/**
 * Ends waits that are far longer than usual. A silent read is sent once more on another connection, and the first
 * response counts. A silent write, which must not be doubled, fails before its timeout and is then retried.
 */
export type Hedging = {
  /** Sends silent reads again. Around the permit: each of the two requests has its own. */
  readonly layer: (inner: Fetch) => Fetch;
  /** Learns latencies, and limits the silence of writes. Inside the permit: waiting for it is not the host's silence. */
  readonly measure: (inner: Fetch) => Fetch;
};

/** Silence that is this many times the usual latency is not a slow response. */
const FAR = 4;

/** A shorter silence is not worth another request, in milliseconds. */
const LEAST_SILENCE = 2_000;

/** Silence until a read is repeated at an origin of unknown latency, in milliseconds: registries answer in less. */
const UNKNOWN_SILENCE = 5_000;

/** A request is repeated at most this many times; more than once only while the origin answers others of its class. */
const MOST_REPEATS = 2;

/** The most additional requests, as a fraction of all others. */
const SHARE = 0.02;

/** No read is repeated for this long after a refusal, in milliseconds: the rate is only then known to be accepted. */
const CALM = 10_000;

/** As `FAR`, for a write: after a premature retry the registry does all of the work again. */
const FAR_FOR_WRITES = 20;

/** The least silence of a write, in milliseconds: longer than a primary database takes to be replaced. */
const LEAST_FOR_WRITES = 10_000;

type Shared = HedgingOptions & {
  /** Returns when a request of this class was last answered; -1 if none was. */
  readonly answeredAt: (request: HttpRequest) => number;
  /** Returns the silence in milliseconds after which a read is repeated. */
  readonly silenceOf: (request: HttpRequest) => number;
  /** Takes one additional request if the origin and the total permit it. */
  readonly allows: (request: HttpRequest) => boolean;
};

/** Creates the layers for one stack, without knowledge of any origin. */
export function hedging(options: HedgingOptions): Hedging {
  const { clock, limiter } = options;
  const latencies = learntLatencies();
  // In milliseconds in which this process ran: by class, and by origin.
  const answered = new Map<string, number>();
  const refused = new Map<string, number>();
  let [sent, repeated] = [0, 0];
  const shared: Shared = {
    ...options,
    answeredAt: (request) => answered.get(classOf(request)) ?? -1,
    silenceOf: (request) => {
      const usual = latencies.usual(classOf(request));
      return usual === undefined ? UNKNOWN_SILENCE : Math.max(LEAST_SILENCE, FAR * usual);
    },
    allows: (request) => {
      const isRefused = clock.elapsed() - (refused.get(request.url.origin) ?? Number.NEGATIVE_INFINITY) < CALM;
      // Rounded up: otherwise runs of less than 50 requests would have none.
      if (isRefused || repeated >= Math.ceil((sent - repeated) * SHARE) || !limiter.spare(wantOf(request)))
        return false;
      repeated += 1;
      return true;
    },
  };
  return {
    layer: (inner) => (request) => (isRepeatable(request) ? hedged(inner, request, shared) : inner(request)),
    measure: (inner) => async (request) => {
      sent += 1;
      request.onSent?.();
      const key = classOf(request);
      const began = clock.elapsed();
      const response = await inner(isLimitedWrite(request) ? withLimit(request, latencies.usual(key)) : request);
      const now = clock.elapsed();
      answered.set(key, now);
      latencies.add(key, now - began);
      if (response.status === 429 || response.status === 503) refused.set(request.url.origin, now);
      return response;
    },
  };
}

function classOf({ url, method, operation }: HttpRequest): string {
  return `${url.origin} ${method} ${operation}`;
}

const REPEATABLE: ReadonlySet<Operation> = new Set(['token', 'list', 'read']);

/** A request with a limit or permit of its own is its caller's affair. */
function isRepeatable({ method, operation, once, permit, metadata, headersWithin, signal }: HttpRequest): boolean {
  const isRead = method === 'HEAD' || (method === 'GET' && REPEATABLE.has(operation));
  const isSpecial = once === true || permit !== undefined || metadata !== undefined || headersWithin !== undefined;
  return isRead && !isSpecial && !signal.aborted;
}

const LIMITED: ReadonlySet<Operation> = new Set(['write', 'session', 'upload']);

/** A stream cannot be sent again. A retry waits for the whole timeout: the registry may be slow with this write. */
function isLimitedWrite({ method, operation, body, once, isRetry, headersWithin }: HttpRequest): boolean {
  const isWrite = method !== 'GET' && method !== 'HEAD' && LIMITED.has(operation);
  return isWrite && body?.kind !== 'stream' && once !== true && isRetry !== true && headersWithin === undefined;
}

function withLimit(request: HttpRequest, usual: number | undefined): HttpRequest {
  if (usual === undefined) return request;
  // In whole seconds, since the error names it.
  const limit = Math.ceil(Math.max(LEAST_FOR_WRITES, FAR_FOR_WRITES * usual) / 1000) * 1000;
  return { ...request, answerWithin: limit + processingTime(request.body) };
}

/** Requests of which the first response counts. */
type Race = {
  readonly request: HttpRequest;
  readonly result: PromiseWithResolvers<HttpResponse>;
  /** Ends a request each; the first belongs to the original one, the last to the newest. */
  readonly stops: AbortController[];
  open: number;
  isOver: boolean;
  /** The error of the original request, if the other one may still be answered. */
  error: unknown;
  cancelLimit: () => void;
  readonly leave: () => void;
};

function hedged(inner: Fetch, request: HttpRequest, shared: Shared): Promise<HttpResponse> {
  const stops: AbortController[] = [];
  const leave = onAbort(request.signal, () => {
    for (const stop of stops) stop.abort(request.signal.reason);
  });
  const race: Race = {
    request,
    result: Promise.withResolvers(),
    stops,
    open: 0,
    isOver: false,
    error: undefined,
    cancelLimit: () => undefined,
    leave,
  };
  start(race, inner, { onSent: () => repeatLater(race, inner, shared) });
  return race.result.promise;
}

function start(race: Race, inner: Fetch, given: Partial<HttpRequest>): void {
  const stop = new AbortController();
  const isOriginal = race.stops.length === 0;
  race.stops.push(stop);
  race.open += 1;
  inner({ ...race.request, ...given, signal: stop.signal }).then(
    (response) => {
      if (race.isOver) {
        void response.body.discard();
        return;
      }
      end(race, stop);
      // Until then the caller's signal also ends the body.
      void response.body.finished.then(race.leave);
      race.result.resolve(response);
    },
    (error: unknown) => {
      race.open -= 1;
      // A repeated request may also have been replaced by a newer one.
      if (race.isOver || (stop.signal.aborted && !race.request.signal.aborted)) return;
      if (isOriginal) race.error = error;
      // When the original request has been silent for its whole timeout, the other one has been so for most of it.
      const mayBeAnswered = race.open > 0 && !(isOriginal && isUnanswered(error));
      if (mayBeAnswered && !race.request.signal.aborted) return;
      fail(race, race.error ?? error);
    },
  );
}

function fail(race: Race, error: unknown): void {
  end(race);
  race.leave();
  race.result.reject(error);
}

function end(race: Race, winner?: AbortController): void {
  race.isOver = true;
  race.cancelLimit();
  for (const stop of race.stops)
    if (stop !== winner) stop.abort(new PromotionError('ABORTED', 'another request was answered first'));
}

/** Repeats the request once it has been silent for too long and another one is allowed. */
function repeatLater(race: Race, inner: Fetch, shared: Shared): void {
  const { clock, silenceOf, answeredAt, allows, narrate } = shared;
  const { request } = race;
  const sentAt = clock.elapsed();
  let began = sentAt;
  const check = (): void => {
    const silence = clock.elapsed() - began;
    // The usual latency may have become longer meanwhile.
    const isSilent = silence >= silenceOf(request);
    const isFirst = race.stops.length === 1;
    const isAllowed = isFirst || (race.stops.length <= MOST_REPEATS && answeredAt(request) > sentAt);
    if (!isSilent || !isAllowed || !allows(request))
      return wait(isSilent ? LEAST_SILENCE : silenceOf(request) - silence);
    narrate?.({ type: 'log', level: 'debug', ...repeatLine(request, clock.elapsed() - sentAt) });
    // A repeated request is as likely to be silent as any other.
    if (!isFirst) race.stops.at(-1)?.abort(new PromotionError('ABORTED', 'the request was sent again'));
    start(race, inner, {
      hedged: true,
      onSent: () => {
        began = clock.elapsed();
        if (!race.isOver) wait(silenceOf(request));
      },
    });
  };
  const wait = (ms: number): void => {
    race.cancelLimit = clock.limit(ms, check);
  };
  // Until then the usual latency may have become known.
  wait(LEAST_SILENCE);
}

function repeatLine(
  { method, url }: HttpRequest,
  ms: number,
): { message: string; fields: Record<string, string | number> } {
  const shown = redactUrl(url);
  const message = `${method} ${shown}: no response for ${seconds(ms)} s; sending it again on another connection`;
  return { message, fields: { method, url: shown, ms: Math.round(ms) } };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import type { Narrator } from '../../events.ts';
import { backoff } from '../../async/backoff.ts';
import { retryAfter } from '../../ratelimit/retry-after.ts';
import { answerError } from '../response/error.ts';
import { type Fetch, type HttpRequest, type HttpResponse, header } from '../fetch.ts';
import { isTransient, looksMisaddressed } from '../transport/network-error.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { originStates, type OriginState } from './origin-state.ts';
import { peek } from '../response/peek.ts';
import { redactUrl } from '../redact.ts';
import { bodyOf } from '../transport/response-body.ts';
import { warnOf, type Outcome } from './transients.ts';

export type RetryOptions = {
  readonly clock: Clock;
  /** Returns a random number from 0 to 1, for jitter. */
  readonly random: () => number;
  readonly narrate?: Narrator;
  /**
   * Time in milliseconds after which a failing request is not retried; waits that the registry orders do not count.
   * Default: 120 s since the first failure, or `unanswered` if the address looks wrong and has never responded.
   */
  readonly budget?: number | undefined;
  /** Milliseconds. Default: 10 s. */
  readonly unanswered?: number | undefined;
  /** Maximum number of retries of one request; waits that the registry orders do not count. Default: no limit. */
  readonly retries?: number | undefined;
  /** Longest wait that a registry may order for one request, in milliseconds. Default: 10 min. */
  readonly maxWait?: number | undefined;
  /** Tells which errors come from a host that no longer responds. Default: none. */
  readonly breaker?: Pick<CircuitBreaker, 'hasOpened'> | undefined;
};

/** A registry behind a load balancer is replaced within about a minute; two minutes outlast that. In milliseconds. */
const BUDGET = 120_000;

/** The time until a wrong port is reported, in milliseconds: a person is waiting for it. */
const UNANSWERED = 10_000;

/**
 * A quota per minute is restored within this time; one per hour or day is not, and a run should not hang on it. In
 * milliseconds.
 */
export const MAX_WAIT = 600_000;

// 425: RFC 8470; 499: nginx's word for a client that it believes gone; 520 to 524: https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
const AGAIN: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504, 499, 520, 521, 522, 523, 524]);

/** Bytes of a response that are searched for a wait. */
const TEXT_LIMIT = 4096;

type Rules = RetryOptions & { readonly maxWait: number };
type Pause = { readonly ms: number; readonly ordered: boolean };

/**
 * The only retry layer of the program. Retries after temporary statuses and errors, with full jitter or after the wait
 * that the registry orders. When the budget is used up, passes on the last response or error. All layers made by one
 * call share their final errors, so that an outer layer does not retry what an inner one gave up on.
 */
export function retry(options: RetryOptions): (inner: Fetch) => Fetch {
  const givenUp = new WeakSet<PromotionError>();
  const stateOf = originStates();
  const rules: Rules = { ...options, maxWait: options.maxWait ?? MAX_WAIT };
  return (inner) => async (request) => {
    const state = stateOf(request.url.origin);
    const stopFor = pauseRule(rules, request);
    const answersBefore = state.answers;
    for (let attempts = 1; ; attempts += 1) {
      const outcome = await withText(
        await attempt(inner, attempts === 1 ? request : { ...request, isRetry: true }, givenUp),
      );
      noteResponse(state, outcome);
      if ('response' in outcome && (request.once === true || !AGAIN.has(outcome.response.status)))
        return outcome.response;
      if (request.once === true && 'error' in outcome) throw outcome.error;
      if (request.body?.kind === 'stream') throw await replayNeeded(request, outcome);
      const pause = pauseFor(outcome, attempts, rules);
      const budget = budgetFor(outcome, state.answers > 0, rules);
      const stop = state.isDown || isUnresponsive(outcome, rules) ? 'budget' : stopFor(pause, budget);
      if (stop !== undefined) {
        const error = stop === 'budget' ? exhausted(outcome, attempts) : stop;
        if (error === undefined) return (outcome as { response: HttpResponse }).response;
        givenUp.add(error);
        // An origin that answered other requests meanwhile is not down. A request with a short budget proves nothing.
        const isSilent = state.answers === answersBefore && request.retryWithin === undefined;
        if ('error' in outcome && isSilent) state.isDown = true;
        if ('response' in outcome) await outcome.response.body.discard();
        throw error;
      }
      warnOf(rules.narrate, request, outcome, `attempt ${attempts + 1} in ${Math.round(pause.ms)} ms`);
      if ('response' in outcome) await outcome.response.body.discard();
      await rules.clock.wait(pause.ms, request.signal);
    }
  };
}

function noteResponse(state: OriginState, outcome: Outcome): void {
  if (!('response' in outcome)) return;
  state.isDown = false;
  state.answers += 1;
}

function isUnresponsive(outcome: Outcome, { breaker }: RetryOptions): boolean {
  return 'error' in outcome && breaker?.hasOpened(outcome.error) === true;
}

/** An origin that has responded before is temporarily down, even if its address looks wrong now. */
function budgetFor(outcome: Outcome, hasAnswered: boolean, { unanswered = UNANSWERED }: RetryOptions): number {
  const isWrong = 'error' in outcome && !hasAnswered && looksMisaddressed(outcome.error);
  return isWrong ? unanswered : BUDGET;
}

async function attempt(inner: Fetch, request: HttpRequest, givenUp: WeakSet<PromotionError>): Promise<Outcome> {
  try {
    const response = await inner(request);
    if (request.wholeBody === undefined || response.status >= 300) return { response };
    const what = `${request.method} ${redactUrl(request.url)}`;
    if (typeof request.wholeBody === 'function') {
      await request.wholeBody(response);
      return { response: { ...response, body: bodyOf(new Uint8Array(), what) } };
    }
    return { response: { ...response, body: bodyOf(await response.body.bytes(request.wholeBody), what) } };
  } catch (error) {
    request.signal.throwIfAborted();
    if (!isTransient(error) || givenUp.has(error)) throw error;
    return { error };
  }
}

/** Adds the start of a 429 body without wait headers, which may name the wait. The body stays whole. */
async function withText(outcome: Outcome): Promise<Outcome> {
  if (
    !('response' in outcome) ||
    outcome.response.status !== 429 ||
    header(outcome.response, 'retry-after') !== undefined
  )
    return outcome;
  return peek(outcome.response, TEXT_LIMIT);
}

/** Returns how long to wait after this outcome, and whether the registry ordered it. */
function pauseFor(outcome: Outcome, attempts: number, { clock, random }: RetryOptions): Pause {
  const own = backoff(attempts, random());
  if (!('response' in outcome)) return { ms: own, ordered: false };
  const { response, text } = outcome;
  const asked = retryAfter(
    { header: (name) => header(response, name), ...(text === undefined ? {} : { text }) },
    clock.now(),
  );
  // Never less than our own backoff: `0` and microseconds are valid answers, and would cause a busy loop.
  return { ms: Math.max(asked ?? 0, own), ordered: asked !== undefined || response.status === 429 };
}

/**
 * Returns a function that decides whether a request may wait once more. A budget that the user gave counts from the
 * start. Of our own budget, one attempt uses up a quarter at most: one silent socket does not mean that a registry is
 * down.
 */
function pauseRule(
  { clock, budget: given, retries = Number.POSITIVE_INFINITY, maxWait }: Rules,
  request: HttpRequest,
): (pause: Pause, usual: number) => 'budget' | PromotionError | undefined {
  const limit = request.retryWithin ?? Number.POSITIVE_INFINITY;
  let last = given === undefined ? undefined : clock.elapsed();
  let [used, ordered, failures] = [0, 0, 0];
  return (pause, usual) => {
    const now = clock.elapsed();
    const budget = Math.min(given ?? usual, limit);
    if (last !== undefined) used += Math.min(now - last, given ?? Math.min(BUDGET, limit) / 4);
    last = now;
    if (!pause.ordered) {
      failures += 1;
      return failures > retries || used + pause.ms > budget ? 'budget' : undefined;
    }
    last += pause.ms;
    ordered += pause.ms;
    if (ordered <= maxWait) return undefined;
    const release = new Date(clock.now() + pause.ms).toISOString();
    return new PromotionError(
      'PAUSED_TOO_LONG',
      `${request.method} ${redactUrl(request.url)}: the registry asks to wait until ${release}`,
      {
        hint: `retry after ${release}, or allow longer waits with --max-wait`,
      },
    );
  };
}

/** Returns the error to throw after the last attempt; undefined if there is a response to return. */
function exhausted(outcome: Outcome, attempts: number): PromotionError | undefined {
  if ('response' in outcome) return undefined;
  const { error } = outcome;
  if (attempts === 1) return error;
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return new PromotionError(error.code, `${error.message} (after ${attempts} attempts)`, { cause: error, ...hint });
}

async function replayNeeded(request: HttpRequest, outcome: Outcome): Promise<PromotionError> {
  const what = `${request.method} ${redactUrl(request.url)}`;
  const cause = 'response' in outcome ? await answerError(outcome.response, what) : outcome.error;
  return new PromotionError(
    'REPLAY_NEEDED',
    `${what}: the body was a stream and cannot be sent again: ${cause.message}`,
    {
      cause,
      hint: 'retry if the copy did not restart the upload by itself',
    },
  );
}

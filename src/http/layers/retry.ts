import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import type { Narrator } from '../../events.ts';
import { backoff } from '../../async/backoff.ts';
import { retryAfter } from '../../ratelimit/retry-after.ts';
import { answerError } from '../response/error.ts';
import { type Fetch, type HttpRequest, type HttpResponse, header } from '../fetch.ts';
import { isTransient, looksMisaddressed } from '../transport/network-error.ts';
import { noteOutcome, originStates } from './origin-state.ts';
import { peek } from '../response/peek.ts';
import { redactUrl } from '../redact.ts';
import { bodyOf } from '../transport/response-body.ts';
import { transients, type Outcome, type Transients } from './transients.ts';

export type RetryOptions = {
  readonly clock: Clock;
  /** A number from 0 to 1; jitter. */
  readonly random: () => number;
  readonly narrate?: Narrator;
  /**
   * Milliseconds after which a failing request is not tried again; waits that the registry ordered do not count. Unless
   * given, 120 s since the first failure, and `unanswered` if the address looks wrong and nothing has answered there yet.
   */
  readonly budget?: number;
  /** Milliseconds; 10 s unless given. */
  readonly unanswered?: number;
  /** How often one request is tried again at most; waits that the registry ordered do not count. No limit unless given. */
  readonly retries?: number;
  /** The longest time, in milliseconds, that one request waits because the registry ordered it. 10 min unless given. */
  readonly maxWait?: number;
};

/** A registry behind a load balancer is replaced within a minute or so; two minutes outlast that. */
const BUDGET = 120_000;

/** A person waits for this to hear of a wrong port. */
const UNANSWERED = 10_000;

/** A quota per minute opens again within this; one per hour or day does not, and a run should not hang on it. */
export const MAX_WAIT = 600_000;

// 425: RFC 8470; 499: nginx's word for a client that it believes gone; 520 to 524: https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
const AGAIN: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504, 499, 520, 521, 522, 523, 524]);

/** Only the start of an answer is searched for a wait. */
const TEXT_LIMIT = 4096;

type Rules = RetryOptions & { readonly maxWait: number; readonly told: Transients };
type Pause = { readonly ms: number; readonly ordered: boolean };

/**
 * The only retry layer of the program. Tries again after statuses and errors that may pass, with full jitter or
 * as the registry orders; after the budget hands on the last answer or error. All layers made by one call know
 * each other's errors, so that what one gave up on is not tried again by another around it.
 */
export function retry(options: RetryOptions): (inner: Fetch) => Fetch {
  const givenUp = new WeakSet<PromotionError>();
  const stateOf = originStates();
  const rules: Rules = { maxWait: MAX_WAIT, ...options, told: transients(options) };
  return (inner) => async (request) => {
    const state = stateOf(request.url.origin);
    const patience = patienceOf(rules, request);
    const answersBefore = state.answers;
    for (let attempts = 1; ; attempts += 1) {
      state.silentSince ??= rules.clock.now();
      const outcome = await legible(await attempt(inner, request, givenUp));
      const isMute = noteOutcome(state, outcome, request.method, rules.clock.now());
      if ('response' in outcome && (request.once === true || !AGAIN.has(outcome.response.status)))
        return outcome.response;
      if (request.once === true && 'error' in outcome) throw outcome.error;
      if (request.body?.kind === 'stream') throw await replayNeeded(request, outcome);
      const pause = pauseFor(outcome, attempts, rules);
      const budget = budgetFor(outcome, state.answers > 0, rules);
      const stop = state.isAway || isMute ? 'budget' : patience(pause, budget);
      if (stop !== undefined) {
        const error = stop === 'budget' ? exhausted(outcome, attempts) : stop;
        if (error === undefined) return (outcome as { response: HttpResponse }).response;
        givenUp.add(error);
        // One that answered others meanwhile is not away, nor is one that was not asked for long.
        const isSilent = state.answers === answersBefore && request.patience === undefined;
        if ('error' in outcome && isSilent) state.isAway = true;
        rules.told.end(request, outcome);
        if ('response' in outcome) await outcome.response.body.discard();
        throw error;
      }
      rules.told.add(request, outcome, `attempt ${attempts + 1} in ${Math.round(pause.ms)} ms`);
      if ('response' in outcome) await outcome.response.body.discard();
      await rules.clock.wait(pause.ms, request.signal);
    }
  };
}

/** A registry that answered before is away, whatever it looks like now. */
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

/** A 429 without a header may tell in its body how long to wait: reads the start of it, and keeps it whole. */
async function legible(outcome: Outcome): Promise<Outcome> {
  if (
    !('response' in outcome) ||
    outcome.response.status !== 429 ||
    header(outcome.response, 'retry-after') !== undefined
  )
    return outcome;
  return peek(outcome.response, TEXT_LIMIT);
}

/** How long to wait after this outcome, and whether that is the registry's order. */
function pauseFor(outcome: Outcome, attempts: number, { clock, random }: RetryOptions): Pause {
  const own = backoff(attempts, random());
  if (!('response' in outcome)) return { ms: own, ordered: false };
  const { response, text } = outcome;
  const asked = retryAfter(
    { header: (name) => header(response, name), ...(text === undefined ? {} : { text }) },
    clock.now(),
  );
  // Never sooner than our own backoff: «0» and microseconds are answers, too, and would make a busy loop.
  return { ms: Math.max(asked ?? 0, own), ordered: asked !== undefined || response.status === 429 };
}

/**
 * Says for each pause of a request whether it still may be waited. A budget that a person gave counts from the start; of
 * our own, one attempt uses up a quarter at most: neither a single silent socket nor a machine that slept is a registry
 * that stays away.
 */
function patienceOf(
  { clock, budget: given, retries = Number.POSITIVE_INFINITY, maxWait }: Rules,
  request: HttpRequest,
): (pause: Pause, usual: number) => 'budget' | PromotionError | undefined {
  const patience = request.patience ?? Number.POSITIVE_INFINITY;
  let last = given === undefined ? undefined : clock.now();
  let [used, ordered, failures] = [0, 0, 0];
  return (pause, usual) => {
    const now = clock.now();
    const budget = Math.min(given ?? usual, patience);
    if (last !== undefined) used += Math.min(now - last, given ?? Math.min(BUDGET, patience) / 4);
    last = now;
    if (!pause.ordered) {
      failures += 1;
      return failures > retries || used + pause.ms > budget ? 'budget' : undefined;
    }
    last += pause.ms;
    ordered += pause.ms;
    if (ordered <= maxWait) return undefined;
    const release = new Date(now + pause.ms).toISOString();
    return new PromotionError(
      'PAUSED_TOO_LONG',
      `${request.method} ${redactUrl(request.url)}: the registry asks to wait until ${release}`,
      {
        hint: `run again after ${release}, or allow longer waits with --max-wait`,
      },
    );
  };
}

/** The error to throw after the last attempt; undefined where there is an answer to hand on. */
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
      hint: 'the upload is started anew by the copy; run again if it was not',
    },
  );
}

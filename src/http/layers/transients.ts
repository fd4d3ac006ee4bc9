import type { Clock } from '../../clock.ts';
import type { PromotionError } from '../../errors.ts';
import type { LogFields, LogLevel, Narrator } from '../../events.ts';
import type { HttpRequest, HttpResponse } from '../fetch.ts';
import { codeOf } from '../transport/network-error.ts';
import { redactUrl } from '../redact.ts';

/** The outcome of one attempt: a response or an error. */
export type Outcome = { readonly response: HttpResponse; readonly text?: string } | { readonly error: PromotionError };

/** Logs warnings about failed attempts. */
export type Transients = {
  /**
   * Logs a warning, unless the same origin had the same failure within a minute: it is then counted and logged at level
   * debug.
   */
  add(request: HttpRequest, outcome: Outcome, next: string): void;
  /** Logs how many failures were only counted, when an origin is given up. */
  end(request: HttpRequest, outcome: Outcome): void;
};

type Told = { at: number; since: number };

/**
 * Interval between warnings about one origin, in milliseconds, so that a registry in trouble does not cause one for
 * each request.
 */
const EVERY = 60_000;

/** Counts failed attempts by origin and cause. */
export function transients({ clock, narrate }: { readonly clock: Clock; readonly narrate?: Narrator }): Transients {
  const told = new Map<string, Told>();
  const say = (level: LogLevel, message: string, fields: LogFields): void =>
    narrate?.({ type: 'log', level, message, fields });
  return {
    add: (request, outcome, next) => {
      const key = `${request.url.origin} ${kindOf(outcome)}`;
      const before = told.get(key);
      const isDue = before === undefined || clock.now() - before.at >= EVERY;
      const more = isDue && before !== undefined && before.since > 0 ? `; ${before.since} more like it before` : '';
      // The first words are upstream's: scripts search for them.
      const what = `Transient error (will retry): ${whatOf(request)}: ${whyOf(request, outcome)}; ${next}${more}`;
      say(isDue ? 'warning' : 'debug', what, fieldsOf(request, outcome));
      if (isDue) told.set(key, { at: clock.now(), since: 0 });
      else before.since += 1;
    },
    end: (request, outcome) => {
      const { origin } = request.url;
      const before = told.get(`${origin} ${kindOf(outcome)}`);
      if (before === undefined || before.since === 0) return;
      say(
        'info',
        `${origin}: ${before.since} more attempts failed: ${whyOf(request, outcome)}`,
        fieldsOf(request, outcome),
      );
      before.since = 0;
    },
  };
}

function whatOf({ method, url }: HttpRequest): string {
  return `${method} ${redactUrl(url)}`;
}

function fieldsOf({ method, url }: HttpRequest, outcome: Outcome): LogFields {
  const answer = 'response' in outcome ? { status: outcome.response.status } : { code: outcome.error.code };
  return { method, url: redactUrl(url), ...answer };
}

/**
 * Returns the cause in words. It names the request that failed if that is another one: a token request, or a hop of a
 * redirect.
 */
function whyOf(request: HttpRequest, outcome: Outcome): string {
  if ('response' in outcome) return `answered ${outcome.response.status}`;
  const { message } = outcome.error;
  const what = `${whatOf(request)}: `;
  return message.startsWith(what) ? message.slice(what.length) : message;
}

function kindOf(outcome: Outcome): string {
  return 'response' in outcome
    ? String(outcome.response.status)
    : `${outcome.error.code} ${codeOf(outcome.error.cause) ?? ''}`;
}

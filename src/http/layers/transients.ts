import type { PromotionError } from '../../errors.ts';
import type { LogFields, Narrator } from '../../events.ts';
import type { HttpRequest, HttpResponse } from '../fetch.ts';
import { codeOf } from '../transport/network-error.ts';
import { redactUrl } from '../redact.ts';

/** The outcome of one attempt: a response or an error. */
export type Outcome = { readonly response: HttpResponse; readonly text?: string } | { readonly error: PromotionError };

/** Warns of a failed attempt. Failures of one origin with the same cause are alike. */
export function warnOf(narrate: Narrator | undefined, request: HttpRequest, outcome: Outcome, next: string): void {
  const { method, url } = request;
  const what = `${method} ${redactUrl(url)}`;
  narrate?.({
    type: 'log',
    level: 'warning',
    // The first words are upstream's: scripts search for them.
    message: `Transient error (will retry): ${what}: ${whyOf(what, outcome)}; ${next}`,
    fields: fieldsOf(request, outcome),
    alike: `${url.origin} ${kindOf(outcome)}`,
  });
}

function fieldsOf({ method, url }: HttpRequest, outcome: Outcome): LogFields {
  const answer = 'response' in outcome ? { status: outcome.response.status } : { code: outcome.error.code };
  return { method, url: redactUrl(url), ...answer };
}

/**
 * Returns the cause in words. It names the request that failed if that is another one: a token request, or a hop of a
 * redirect.
 */
function whyOf(what: string, outcome: Outcome): string {
  if ('response' in outcome) return `answered ${outcome.response.status}`;
  const { message } = outcome.error;
  return message.startsWith(`${what}: `) ? message.slice(what.length + 2) : message;
}

function kindOf(outcome: Outcome): string {
  return 'response' in outcome
    ? String(outcome.response.status)
    : `${outcome.error.code} ${codeOf(outcome.error.cause) ?? ''}`;
}

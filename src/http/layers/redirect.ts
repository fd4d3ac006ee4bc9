import { PromotionError } from '../../errors.ts';
import { addressAdvice, addressProblem, withKeptScheme, type AddressContext } from '../transport/addresses.ts';
import { type Fetch, type HttpRequest, type HttpResponse, header } from '../fetch.ts';
import { redactUrl } from '../redact.ts';

/** Registries redirect once, to their storage; more than a few hops is a loop. */
const MAX_HOPS = 5;

const FOLLOWED: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Only these keep the method and the body of a write (RFC 9110 §15.4). */
const KEEPS_METHOD: ReadonlySet<number> = new Set([307, 308]);

/**
 * Layer that follows redirects of reads, and of writes whose body can be sent again. Each hop is a separate request.
 * Rejects forbidden addresses on every hop. Credentials and scopes are not sent to another origin, nor to an address
 * that another origin named.
 */
export const redirect =
  (context: AddressContext = {}) =>
  (inner: Fetch): Fetch =>
  async (request) => {
    let current = request.from === undefined ? request : redirected(request, request.url, request.from);
    refuse(request, current.url, context, request.from);
    for (let hops = 0; ; hops += 1) {
      const response = await inner(current);
      const location = header(response, 'location');
      if (!FOLLOWED.has(response.status) || location === undefined || !follows(request, response)) return response;
      await response.body.discard();
      if (hops === MAX_HOPS) throw protocolError(request, `more than ${MAX_HOPS} redirects`);
      current = nextHop(current, location, context);
    }
  };

function follows({ method, body }: HttpRequest, { status }: HttpResponse): boolean {
  return method === 'GET' || method === 'HEAD' || (KEEPS_METHOD.has(status) && body?.kind !== 'stream');
}

function nextHop(previous: HttpRequest, location: string, context: AddressContext): HttpRequest {
  const given = URL.parse(location, previous.url.href);
  if (given === null) throw protocolError(previous, 'a redirect to an invalid address');
  const next = redirected({ ...previous, from: previous.url }, given, previous.url);
  refuse(previous, next.url, context, previous.url);
  next.url.username = '';
  next.url.password = '';
  return next;
}

/**
 * Returns the request to an address that `from` named. Drops everything that was meant for the original origin if the
 * address is elsewhere.
 */
function redirected(asked: HttpRequest, given: URL, from: URL): HttpRequest {
  const url = withKeptScheme(given, from);
  const request = { ...asked, url };
  if (url.origin === from.origin) return request;
  const { scopes: _scopes, headers = {}, ...rest } = request;
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !SECRET_HEADERS.has(name.toLowerCase())));
  return { ...rest, headers: kept, anonymous: true };
}

const SECRET_HEADERS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization']);

function refuse(request: HttpRequest, target: URL, context: AddressContext, from?: URL): void {
  const problem = addressProblem(target, from, context);
  if (problem === undefined) return;
  const what = `${request.method} ${redactUrl(request.url)}`;
  const subject = target.href === request.url.href ? 'its address' : `the redirect to ${redactUrl(target)}`;
  throw new PromotionError('REFUSED_ADDRESS', `${what}: ${subject} ${problem}`, {
    hint: addressAdvice(target, from),
  });
}

function protocolError(request: HttpRequest, what: string): PromotionError {
  return new PromotionError('REGISTRY_PROTOCOL', `${request.method} ${redactUrl(request.url)}: ${what}`, {
    hint: 'check that the address is a registry',
  });
}

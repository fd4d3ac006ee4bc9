import type { Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import { PromotionError } from '../errors.ts';
import type { HttpRequest, HttpResponse } from './fetch.ts';
import { networkError } from './network-error.ts';
import { redactUrl } from './redact.ts';
import { outgoing } from './request-body.ts';
import { type Incoming, incoming } from './response-body.ts';
import type { Timeouts } from './timeouts.ts';
import { watchdog } from './watchdog.ts';

export type ExchangeOptions = { readonly clock: Clock; readonly timeouts: Timeouts };

/**
 * Sends one request over a dispatcher and resolves with the answer as soon as its headers are there.
 * However it ends, the socket, the timers and the request body's source are let go.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: HttpRequest,
  options: ExchangeOptions,
): Promise<HttpResponse> {
  const answer = Promise.withResolvers<HttpResponse>();
  const what = `${request.method} ${redactUrl(request.url)}`;
  const life = lifeOf(request, what, options, answer.reject);
  const body =
    request.body === undefined ? undefined : outgoing(request.body, { sending: life.sending, failed: life.fail });
  if (body !== undefined) life.onEnd(body.stop);
  if (request.signal.aborted) {
    life.fail(request.signal.reason);
    return answer.promise;
  }
  const meter = request.meter;
  if (meter !== undefined) meter.requests += 1;
  const count = (bytes: number): void => {
    if (meter !== undefined) meter.bytes += bytes;
  };

  let received: Incoming | undefined;
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: (controller) => life.start(controller),
    onBodySent: (chunk) => count(chunk.length),
    onRequestSent: () => life.sent(),
    onResponseStart: (controller, status, headers) => {
      if (status < 200) return; // an interim answer; the real one follows
      const pipe = incoming({ resume: () => controller.resume(), cancel: life.cancel, awaiting: life.awaiting }, what);
      received = pipe;
      life.answered(pipe);
      if (status >= 300) body?.halt();
      answer.resolve({ status, headers: headerMap(headers), url: request.url, body: pipe.body });
    },
    onResponseData: (controller, chunk) => {
      count(chunk.length);
      life.moved();
      if (received?.push(chunk) === false) controller.pause();
    },
    onResponseEnd: () => life.finish(() => received?.end()),
    onResponseError: (_controller, error) => life.fail(networkError(error, what)),
  };
  try {
    dispatcher.dispatch(dispatchOptions(request, body), handler);
  } catch (error) {
    life.fail(networkError(error, what));
  }
  return answer.promise;
}

function dispatchOptions(
  request: HttpRequest,
  body: ReturnType<typeof outgoing> | undefined,
): Dispatcher.DispatchOptions {
  const { url, method, headers } = request;
  return {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method,
    // Compressed answers would have other digests and lengths than the registry's descriptors say.
    headers: {
      'accept-encoding': 'identity',
      'user-agent': 'kpromo',
      ...headers,
      ...(body === undefined ? {} : { 'content-length': String(body.length) }),
    },
    body: (body?.payload ?? null) as Dispatcher.DispatchOptions['body'],
    // undici closes the connection after each HEAD unless told not to; half of our requests are HEADs.
    reset: false,
  } as Dispatcher.DispatchOptions;
}

function headerMap(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): ReadonlyMap<string, readonly string[]> {
  const map = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name.toLowerCase(), typeof value === 'string' ? [value] : value);
  }
  return map;
}

type Life = {
  start(controller: Dispatcher.DispatchController): void;
  sending(yes: boolean): void;
  sent(): void;
  answered(pipe: Incoming): void;
  awaiting(yes: boolean): void;
  moved(): void;
  cancel(): void;
  fail(error: unknown): void;
  finish(then: () => void): void;
  onEnd(cleanup: () => void): void;
};

/** The timers, the abort signal and the one end of an exchange. */
function lifeOf(
  request: HttpRequest,
  what: string,
  { clock, timeouts }: ExchangeOptions,
  reject: (error: unknown) => void,
): Life {
  const idle = watchdog(clock);
  const cleanups: (() => void)[] = [];
  let controller: Dispatcher.DispatchController | undefined;
  let pipe: Incoming | undefined;
  let over = false;
  let reason: Error = new Error('the request has ended');

  const finish = (then: () => void): void => {
    if (over) return;
    over = true;
    idle.rest();
    for (const cleanup of cleanups) cleanup();
    then();
  };
  const fail = (error: unknown): void =>
    finish(() => {
      if (error instanceof Error) reason = error;
      controller?.abort(reason);
      if (pipe === undefined) reject(error);
      else pipe.fail(error);
    });
  const expire = (code: 'TIMEOUT' | 'STALLED', words: string) => (): void =>
    fail(new PromotionError(code, `${what}: ${words}`, { hint: SLOW }));
  const stalled = (doing: string): void =>
    idle.watch(timeouts.idle, expire('STALLED', `no byte ${doing} for ${seconds(timeouts.idle)}`));

  const onAbort = (): void => fail(request.signal.reason);
  request.signal.addEventListener('abort', onAbort, { once: true });
  cleanups.push(() => request.signal.removeEventListener('abort', onAbort));
  cleanups.push(clock.timer(timeouts.request, expire('TIMEOUT', `not done within ${seconds(timeouts.request)}`)));

  return {
    start: (given) => {
      controller = given;
      if (over) given.abort(reason);
      else if (request.body !== undefined) stalled('could be sent');
    },
    sending: (yes) => {
      if (over || pipe !== undefined) return;
      if (yes) stalled('could be sent');
      else idle.rest();
    },
    sent: () => {
      if (!over && pipe === undefined)
        idle.watch(timeouts.headers, expire('TIMEOUT', `no answer within ${seconds(timeouts.headers)}`));
    },
    answered: (given) => {
      pipe = given;
      idle.rest();
    },
    awaiting: (yes) => {
      if (over) return;
      if (yes) stalled('of the answer came');
      else idle.rest();
    },
    moved: idle.touch,
    cancel: () => finish(() => controller?.abort(reason)),
    fail,
    finish,
    onEnd: (cleanup) => void (over ? cleanup() : cleanups.push(cleanup)),
  };
}

const SLOW = 'check the network path to the host, or allow more time in the registry configuration';

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}

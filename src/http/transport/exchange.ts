import type { Dispatcher } from 'undici';
import { onAbort } from '../../abort.ts';
import type { Clock } from '../../clock.ts';
import type { HttpRequest, HttpResponse } from '../fetch.ts';
import { networkError } from './network-error.ts';
import { redactUrl } from '../redact.ts';
import { outgoing, type Outgoing } from './request-body.ts';
import { incoming, type Incoming } from './response-body.ts';
import { stageTimers, type StageTimers } from './stage-timers.ts';
import { headersTimeout, type Timeouts } from './timeouts.ts';

export type ExchangeOptions = {
  readonly clock: Clock;
  readonly timeouts: Timeouts;
  /** Receives the number of body bytes as they pass through the socket. */
  readonly onBytes?: (bytes: number) => void;
};

/**
 * Sends one request through a dispatcher and resolves with the response as soon as its headers are there. However it
 * ends, it releases the socket, the timers and the source of the request body.
 */
export function exchange(
  dispatcher: Pick<Dispatcher, 'dispatch'>,
  request: HttpRequest,
  options: ExchangeOptions,
): Promise<HttpResponse> {
  const call = openCall(request, options);
  if (request.signal.aborted) {
    call.fail(request.signal.reason);
    return call.answer.promise;
  }
  if (request.meter !== undefined) request.meter.requests += 1;
  try {
    dispatcher.dispatch(dispatchOptions(request, call.body), handlerOf(call, options));
  } catch (error) {
    call.fail(networkError(error, call.what));
  }
  return call.answer.promise;
}

/** A running exchange. It ends once: after that, `fail` and `finish` do nothing. */
type Call = {
  readonly request: HttpRequest;
  readonly what: string;
  readonly answer: PromiseWithResolvers<HttpResponse>;
  readonly body: Outgoing | undefined;
  readonly timers: StageTimers;
  controller: Dispatcher.DispatchController | undefined;
  response: Incoming | undefined;
  over: boolean;
  /** Why the socket was given up, if not because the reader discarded the rest. */
  reason: Error | undefined;
  fail(error: unknown): void;
  finish(then: () => void): void;
};

function openCall(request: HttpRequest, { clock, timeouts }: ExchangeOptions): Call {
  const what = `${request.method} ${redactUrl(request.url)}`;
  const headers = answerTime(request, timeouts);
  const fail = (error: unknown): void =>
    call.finish(() => {
      if (error instanceof Error) call.reason = error;
      giveUp(call, call.controller);
      if (call.response === undefined) call.answer.reject(error);
      else call.response.fail(error);
    });
  const sending = (yes: boolean): void => {
    if (call.over || call.response !== undefined) return;
    if (yes) call.timers.sending();
    else call.timers.rest();
  };
  const call: Call = {
    request,
    what,
    answer: Promise.withResolvers(),
    body: request.body === undefined ? undefined : outgoing(request.body, { sending, failed: fail }),
    timers: stageTimers(what, clock, { ...timeouts, headers }, fail, request.progress),
    controller: undefined,
    response: undefined,
    over: false,
    reason: undefined,
    fail,
    finish: (then) => {
      if (call.over) return;
      call.over = true;
      call.timers.stop();
      call.body?.stop();
      ignoreAbort();
      then();
    },
  };
  const ignoreAbort = whenStopped(call, clock);
  return call;
}

function answerTime(request: HttpRequest, timeouts: Timeouts): number {
  const { headersWithin, answerWithin = Number.POSITIVE_INFINITY } = request;
  return headersWithin ?? Math.min(answerWithin, headersTimeout(request, timeouts));
}

/** Ends the exchange when its signal aborts, or later if its response is still needed. */
function whenStopped(call: Call, clock: Clock): () => void {
  const { signal, abortGrace } = call.request;
  const stop = (): void => call.fail(signal.reason);
  let cancel: (() => void) | undefined;
  const ignoreAbort = onAbort(signal, () => {
    if (abortGrace === undefined || call.controller === undefined || call.response !== undefined) return stop();
    cancel = clock.limit(abortGrace, stop);
  });
  return () => {
    ignoreAbort();
    cancel?.();
  };
}

function giveUp({ reason }: Call, controller: Dispatcher.DispatchController | undefined): void {
  controller?.abort(reason ?? new Error('the request has ended'));
}

function handlerOf(call: Call, { onBytes }: ExchangeOptions): Dispatcher.DispatchHandler {
  const { request, what, timers } = call;
  const count = (bytes: number): void => {
    if (request.meter !== undefined) request.meter.bytes += bytes;
    onBytes?.(bytes);
  };
  return {
    onRequestStart: (controller) => {
      call.controller = controller;
      if (call.over) giveUp(call, controller);
      else if (request.body !== undefined) timers.sending();
    },
    onBodySent: (chunk) => {
      count(chunk.length);
      if (!call.over && call.response === undefined) timers.moved(chunk.length);
    },
    onRequestSent: () => {
      if (!call.over && call.response === undefined) timers.headers();
    },
    onResponseStart: (controller, status, headers) => {
      if (status < 200) return; // an interim answer; the real one follows
      timers.rest();
      call.response = responseOf(call, controller);
      // After a refusal the rest of the body is useless; after a 2xx the server may still be reading it.
      if (status >= 300) call.body?.halt();
      call.answer.resolve({ status, headers: headerMap(headers), url: request.url, body: call.response.body });
    },
    onResponseData: (controller, chunk) => {
      count(chunk.length);
      timers.moved(chunk.length);
      if (call.response?.push(chunk) === false) controller.pause();
    },
    onResponseEnd: () => call.finish(() => call.response?.end()),
    onResponseError: (_controller, error) => call.fail(networkError(error, what)),
  };
}

function responseOf(call: Call, controller: Dispatcher.DispatchController): Incoming {
  const valve = {
    resume: () => controller.resume(),
    cancel: () => call.finish(() => giveUp(call, controller)),
    awaiting: (yes: boolean) => {
      if (call.over) return;
      if (yes) call.timers.receiving();
      else call.timers.rest();
    },
  };
  return incoming(valve, call.what);
}

function dispatchOptions(request: HttpRequest, body: Outgoing | undefined): Dispatcher.DispatchOptions {
  const { url, method, headers } = request;
  return {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method,
    headers: {
      // Compressed responses would have digests and lengths that differ from the descriptors.
      'accept-encoding': 'identity',
      'user-agent': 'kpromo',
      ...headers,
      ...(body === undefined ? {} : { 'content-length': String(body.length) }),
    },
    // undici accepts async iterables, but its types do not say so.
    body: (body?.payload ?? null) as Uint8Array | null,
    // undici closes the connection after each HEAD unless this is false; half of our requests are HEADs.
    reset: false,
  };
}

function headerMap(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): ReadonlyMap<string, readonly string[]> {
  const map = new Map<string, readonly string[]>();
  // Not with `Object.entries`: a list and a pair for each header of each response would be garbage at once.
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) map.set(name.toLowerCase(), typeof value === 'string' ? [value] : value);
  }
  return map;
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../../src/clock.ts';
import { isRepositoryPath } from '../../../src/image/reference.ts';
import type { RegistryStore } from '../memory-registry/store.ts';
import type { Gate } from './auth.ts';
import type { Counters, LogEntry } from './counters.ts';
import type { Fault, FaultHook } from './faults.ts';
import { catalog, lister, referrers } from './lists.ts';
import { getBlob, getManifest, putManifest, remove } from './objects.ts';
import type { Exchange, RegistryOptions } from './options.ts';
import { failure, pace, send, type Delivery, type Reply } from './reply.ts';
import { routeOf, type RequestKind } from './route.ts';
import { deleteUpload, getUpload, patchUpload, postUpload, putUpload, type Uploads } from './uploads.ts';

/** What does the work for each kind of request. */
type Handlers = Readonly<Partial<Record<RequestKind, (exchange: Exchange) => Reply | Promise<Reply>>>>;

/** A registry's state; what a test may change while it runs is not readonly. */
export type Running = {
  readonly options: RegistryOptions;
  readonly clock: Clock;
  readonly store: RegistryStore;
  readonly counters: Counters;
  readonly uploads: Uploads;
  readonly gate: Gate;
  readonly handlers: Handlers;
  readonly unexpected: string[];
  readonly seen: Map<RequestKind, number>;
  latencyMs: number;
  fault: FaultHook | undefined;
  quota: () => Reply | undefined;
};

/** The handlers of all kinds of request, with an empty cache of listings. */
export function registryHandlers(): Handlers {
  return {
    ping: () => ({ status: 200, headers: { 'docker-distribution-api-version': 'registry/2.0' }, body: '{}' }),
    token: async ({ gate, request, url, body }) => gate.token(request, url, new URLSearchParams(await textOf(body()))),
    list: lister(),
    catalog,
    referrers,
    getManifest,
    headManifest: getManifest,
    putManifest,
    deleteManifest: remove,
    getBlob,
    headBlob: getBlob,
    deleteBlob: remove,
    postUpload,
    patch: patchUpload,
    put: putUpload,
    getUpload,
    deleteUpload,
  };
}

/** Answers one request: latency, faults, quota, authorization and the work itself, in this order. */
export async function serve(running: Running, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://registry');
  const method = request.method ?? 'GET';
  const entry = running.counters.begin({
    ...routeOf(method, url.pathname),
    method,
    path: request.url ?? '',
    headers: request.headers,
  });
  const nth = (running.seen.get(entry.kind) ?? 0) + 1;
  running.seen.set(entry.kind, nth);
  try {
    if (running.latencyMs > 0) await running.clock.wait(running.latencyMs);
    const fault = await running.fault?.({ ...entry, nth });
    await respond(running, { request, response, url, entry, fault });
  } catch (error) {
    // The client went away, or a test's hook is wrong: either way there is nobody to answer but with a broken line.
    if (!response.headersSent && !request.destroyed) response.writeHead(500).end(String(error));
    else response.destroy();
  } finally {
    running.counters.end(entry);
  }
}

type Arrived = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly entry: LogEntry;
  readonly fault: Fault | undefined;
};

async function respond(running: Running, arrived: Arrived): Promise<void> {
  const { request, response, entry, fault } = arrived;
  if (fault === 'silent') return;
  if (fault === 'reset') return void request.socket.resetAndDestroy();
  setDate(running.options, response);
  const slow = typeof fault === 'object' && !('status' in fault) ? fault : {};
  if (slow.delayMs !== undefined) await running.clock.wait(slow.delayMs);
  const body = (): AsyncIterable<Uint8Array> => incoming(running.clock, request, entry, slow);
  const reply = await replyTo(running, { ...arrived, body });
  if (fault === 'resetAfter') return void request.socket.resetAndDestroy();
  entry.status = reply.status;
  await send(response, reply, request.method === 'HEAD', {
    clock: running.clock,
    onBytes: (count) => void (entry.bytesOut += count),
    ...(slow.bytesPerSecond !== undefined && { bytesPerSecond: slow.bytesPerSecond }),
    ...(isCut(fault) && { cut: fault }),
  });
}

function setDate({ date }: RegistryOptions, response: ServerResponse): void {
  if (date === undefined) return;
  const shown = date();
  response.sendDate = false;
  if (shown !== undefined) response.setHeader('date', new Date(shown).toUTCString());
}

const CUTS: readonly (Fault | undefined)[] = ['truncate', 'stall', 'endEarly', 'noEnd', 'corrupt'];

function isCut(fault: Fault | undefined): fault is NonNullable<Delivery['cut']> {
  return CUTS.includes(fault);
}

async function replyTo(
  running: Running,
  { request, url, entry, fault, body }: Arrived & { body: Exchange['body'] },
): Promise<Reply> {
  if (typeof fault === 'object' && 'status' in fault) {
    if (fault.readBody === true) for await (const chunk of body()) void chunk;
    return fault;
  }
  const refused = running.quota() ?? (entry.kind === 'token' ? undefined : running.gate.check(request, entry));
  if (refused !== undefined) return refused;
  const handler = running.handlers[entry.kind];
  if (handler === undefined) {
    running.unexpected.push(`${entry.method} ${entry.path}`);
    return failure(404, 'UNSUPPORTED', `${entry.method} ${entry.path} is nothing that a registry knows`);
  }
  if (entry.repository !== '' && !isRepositoryPath(entry.repository))
    return failure(400, 'NAME_INVALID', `"${entry.repository}" is no repository name`);
  if (fault === 'forget') {
    for await (const chunk of body()) void chunk;
    return { status: 201, headers: { location: url.pathname } };
  }
  return handler({ ...running, route: entry, url, request, body, mounted: running.counters.mounted });
}

async function* incoming(
  clock: Clock,
  request: IncomingMessage,
  entry: LogEntry,
  { bytesPerSecond, cutAfter = Number.POSITIVE_INFINITY }: { bytesPerSecond?: number; cutAfter?: number },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    await pace(chunk.length, bytesPerSecond, clock);
    const left = cutAfter - entry.bytesIn;
    entry.bytesIn += Math.min(left, chunk.length);
    yield chunk.subarray(0, left);
    if (chunk.length < left) continue;
    request.socket.resetAndDestroy();
    throw new Error('the fault cut the connection');
  }
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString('utf8');
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a service answers. */
export type Answer = {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A request as a service's routes see it. */
export type Asked = { readonly request: IncomingMessage; readonly url: URL; readonly body: Buffer };

export type Route = (asked: Asked) => Answer | Promise<Answer>;
/** Answers by `METHOD /path`; a path that ends in `/*` takes all directly below it. */
export type Routes = Readonly<Record<string, Route>>;

/** How a service fails; `times` is the number of requests that it lasts, else it lasts until it is withdrawn. */
export type Fault = { readonly times?: number } & (
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** The connection breaks before the request is looked at. */
  | { readonly kind: 'reset' }
  /** The work is done, and the connection breaks before the answer. */
  | { readonly kind: 'lost' }
  /** No answer ever comes. */
  | { readonly kind: 'silent' }
  /** The answer comes when `until` does, or after so many milliseconds. */
  | { readonly kind: 'slow'; readonly until: Promise<unknown> }
  | { readonly kind: 'slow'; readonly ms: number }
);

/** One service over HTTP on a port of 127.0.0.1. */
export type Service = {
  readonly url: string;
  /** How many requests have come, by `METHOD /path`. */
  readonly counts: Readonly<Record<string, number>>;
  /** Fails as told, until the returned function is called. */
  inject(fault: Fault): () => void;
  stop(): Promise<void>;
};

type Pending = { readonly fault: Fault; left: number };

/** Starts a service whose routes may come later; a request that no route knows is answered 404, and counted, too. */
export async function startService(routeOf: (key: string) => Route | undefined): Promise<Service> {
  const counts: Record<string, number> = {};
  const faults = new Set<Pending>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const key = `${request.method} ${url.pathname}`;
    counts[key] = (counts[key] ?? 0) + 1;
    const route = routeOf(key) ?? routeOf(`${request.method} ${url.pathname.replace(/[^/]*$/, '*')}`);
    serve(request, response, nextOf(faults), async (body) =>
      route === undefined ? json(404, { code: 5, message: 'Not Found' }) : route({ request, url, body }),
    ).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    counts,
    inject: (fault) => {
      const pending = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
      faults.add(pending);
      return () => void faults.delete(pending);
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An answer in JSON. */
export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, body: JSON.stringify(value), type: 'application/json', headers };
}

function nextOf(faults: Set<Pending>): Fault | undefined {
  const [pending] = faults;
  if (pending === undefined) return undefined;
  pending.left -= 1;
  if (pending.left <= 0) faults.delete(pending);
  return pending.fault;
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault | undefined,
  answer: (body: Buffer) => Promise<Answer>,
): Promise<void> {
  if (fault?.kind === 'reset') return void request.socket.destroy();
  const body = Buffer.concat(await request.toArray());
  if (fault?.kind === 'silent') return;
  if (fault?.kind === 'status')
    return send(response, json(fault.status, { code: 14, message: 'injected' }, fault.headers));
  const answered = await answer(body);
  if (fault?.kind === 'lost') return void request.socket.destroy();
  if (fault?.kind === 'slow') await ('until' in fault ? fault.until : sleep(fault.ms));
  send(response, answered);
}

function send(response: ServerResponse, { status, body, type, headers }: Answer): void {
  response.writeHead(status, { ...(type !== undefined && { 'content-type': type }), ...headers }).end(body);
}

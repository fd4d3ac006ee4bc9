import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';

/** What a hostile registry answers; what it does not answer is 404. */
export type HostileAnswer = (asked: Asked, response: ServerResponse) => void | Promise<void>;

export type Asked = { readonly method: string; readonly url: URL; readonly request: IncomingMessage };

/** A registry that lies, on a port of 127.0.0.1. */
export type HostileServer = AsyncDisposable & {
  readonly host: string;
  /** `METHOD path` of each request as it came. */
  readonly asked: readonly string[];
};

/** Starts a registry that answers so. */
export async function startHostile(answer: HostileAnswer): Promise<HostileServer> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
    const url = new URL(request.url ?? '', 'http://hostile');
    const method = request.method ?? '';
    asked.push(`${method} ${url.pathname}`);
    // A client that has had enough hangs up.
    response.on('error', () => undefined);
    void Promise.resolve(answer({ method, url, request }, response)).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Sends a body piece by piece, as fast as the client reads it; ends early when the client hangs up. */
export async function sendAll(response: ServerResponse, pieces: Iterable<string | Uint8Array>): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  for (const piece of pieces) {
    if (response.destroyed) return;
    if (response.write(piece)) continue;
    await once(response, 'drain', { signal: gone.signal }).catch(() => undefined);
  }
  response.end();
}

/** Answers 404, as a registry that does not have it. */
export function missing(response: ServerResponse): void {
  response.writeHead(404, { 'content-type': 'application/json' }).end('{"errors":[{"code":"NAME_UNKNOWN"}]}');
}

/** So many entries, joined in pieces of some 64 KiB; `entry` makes each of them. */
export function* joined(count: number, entry: (index: number) => string): Generator<string> {
  let piece = '';
  for (let index = 0; index < count; index += 1) {
    piece += `${index === 0 ? '' : ','}${entry(index)}`;
    if (piece.length < 65_536) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

/** A digest for each number. */
export function digestNumber(number: number): string {
  return `sha256:${number.toString(16).padStart(64, '0')}`;
}

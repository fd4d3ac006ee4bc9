import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Ends } from './once.ts';

/** Answers one request; `received` holds what came before it, in order. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export type ScriptedServer = {
  readonly url: URL;
  /** `method path` of each request as it came. */
  readonly requests: readonly string[];
  /** The headers of each request as they came. */
  readonly headers: readonly IncomingMessage['headers'][];
  /** How many connections were opened, and how many are open now. */
  readonly connections: { readonly opened: number; readonly open: number };
  /** Resolves once so many requests came. */
  came(count: number): Promise<void>;
};

/** An HTTP server on loopback that lives as long as the test, or until `ends`. */
export async function scriptedServer(answer: Answer, ends: Ends = onTestFinished): Promise<ScriptedServer> {
  const requests: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  let opened = 0;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    headers.push(request.headers);
    for (const check of waiting) check();
    void answer(request, response);
  });
  server.on('connection', (socket) => {
    opened += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
  });
  await listen(server);
  ends(() => close(server, sockets));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    requests,
    headers,
    connections: {
      get opened() {
        return opened;
      },
      get open() {
        return sockets.size;
      },
    },
    came: (count) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (requests.length < count) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}

/** All of a request's body. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await request.toArray());
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

function close(server: Server, sockets: Set<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}

import { createServer, request as sendRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export type ProxyOptions = {
  /** `user:password` that must come along; anybody may pass by default. */
  readonly credentials?: string;
  /** The `host:port` behind a name, in place of DNS; unknown names get 502. */
  readonly hosts: Readonly<Record<string, string>>;
  /** The status for every CONNECT, or none at all, in place of a tunnel. */
  readonly refuse?: number | 'silent';
};

/** An HTTP proxy on a port of 127.0.0.1. */
export type TestProxy = AsyncDisposable & {
  readonly url: URL;
  /** `CONNECT host:port` or `GET http://…` of each request, refused ones too. */
  readonly requests: readonly string[];
};

/** Starts a proxy that makes tunnels and forwards plain requests (RFC 9110 §9.3.6, RFC 9112 §3.2.2). */
export async function startProxy(options: ProxyOptions): Promise<TestProxy> {
  const requests: string[] = [];
  const sockets = new Set<Duplex>();
  const refused = ({ headers }: IncomingMessage): boolean =>
    options.credentials !== undefined &&
    headers['proxy-authorization'] !== `Basic ${Buffer.from(options.credentials).toString('base64')}`;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (refused(request)) response.writeHead(407, { 'proxy-authenticate': 'Basic realm="proxy"' }).end();
    else forward(request, response, options);
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    requests.push(`CONNECT ${request.url}`);
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    const status = refused(request) ? 407 : options.refuse;
    if (status === 'silent') return;
    const target = options.hosts[request.url ?? ''];
    if (status !== undefined || target === undefined) socket.end(`HTTP/1.1 ${status ?? 502} No\r\n\r\n`);
    else join(socket, target);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function join(socket: Socket, target: string): void {
  const { hostname, port } = new URL(`http://${target}`);
  const inner = connect(Number(port), hostname, () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    socket.pipe(inner).pipe(socket);
  });
  inner.on('error', () => {}).on('close', () => socket.destroy());
  socket.on('close', () => inner.destroy());
}

function forward(request: IncomingMessage, response: ServerResponse, { hosts }: ProxyOptions): void {
  const url = new URL(request.url ?? '');
  const target = hosts[url.host];
  if (target === undefined) return void response.writeHead(502).end();
  const { 'proxy-authorization': _secret, ...headers } = request.headers;
  const inner = sendRequest(
    `http://${target}${url.pathname}${url.search}`,
    { method: request.method, headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  inner.on('error', () => response.destroy());
  request.pipe(inner);
}

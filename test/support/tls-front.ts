import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';

/** TLS on a port of 127.0.0.1 before a server that speaks without. */
export type TlsFront = AsyncDisposable & {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** The common name of each client certificate that came, empty for none. */
  readonly clients: readonly string[];
  /** How many connections were begun, those that failed in the handshake included. */
  attempts(): number;
};

/** Ends TLS as `options` say and passes everything on to `backend`, `host:port`. */
export async function startTlsFront(backend: string, options: TlsOptions): Promise<TlsFront> {
  const { hostname, port } = new URL(`http://${backend}`);
  const clients: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(options, (socket) => {
    clients.push(String(socket.getPeerCertificate().subject?.CN ?? ''));
    const inner = connect(Number(port), hostname);
    for (const one of [socket, inner]) {
      sockets.add(one);
      one
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(one);
          socket.destroy();
          inner.destroy();
        });
    }
    socket.pipe(inner).pipe(socket);
  });
  let attempts = 0;
  server.on('connection', () => void attempts++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    clients,
    attempts: () => attempts,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server that breaks once. */
type CuttingRelay = AsyncDisposable & {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** How many bytes clients have sent through it. */
  sent(): number;
};

/**
 * Passes TCP on to `backend`, `host:port`, and resets the first connection that has sent so many bytes. Later ones
 * pass once the server has noticed, so that what it says of the broken one does not depend on who is faster.
 */
export async function startCuttingRelay(backend: string, cutAfter: number): Promise<CuttingRelay> {
  const { hostname, port } = new URL(`http://${backend}`);
  const sockets = new Set<Socket>();
  let sent = 0;
  let noticed: Promise<void> | undefined;
  const pass = (socket: Socket, inner: Socket): void => {
    let own = 0;
    socket.on('data', (chunk: Buffer) => {
      sent += chunk.length;
      own += chunk.length;
      if (noticed !== undefined || own < cutAfter) return;
      noticed = new Promise((resolve) => inner.once('close', () => resolve()));
      socket.resetAndDestroy();
      inner.end();
    });
    socket.on('close', () => inner.end());
    inner.on('close', () => socket.destroy());
    socket.pipe(inner).pipe(socket);
  };
  const server = createServer((socket) => {
    const inner = connect(Number(port), hostname);
    for (const one of [socket, inner]) sockets.add(one.on('error', () => {}).on('close', () => sockets.delete(one)));
    void (noticed ?? Promise.resolve()).then(() => pass(socket, inner));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: () => sent,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

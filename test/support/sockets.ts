import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { realClock } from '../../src/clock.ts';
import { transport, type TransportOptions } from '../../src/http/transport/transport.ts';

/** A transport that is closed when the test ends. */
export function openedTransport(options: Partial<TransportOptions> = {}): ReturnType<typeof transport> {
  const made = transport({ clock: realClock(), connections: 4, ...options });
  onTestFinished(() => made.close());
  return made;
}

/** A TCP server that answers as `onSocket` does, or not at all. */
export async function rawServer(
  onSocket: (socket: Socket) => void,
): Promise<{ readonly url: URL; readonly server: Server }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: new URL(`http://127.0.0.1:${address.port}/`), server };
}

/** Turns of the event loop until something holds; the test's own timeout ends it otherwise. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate();
}

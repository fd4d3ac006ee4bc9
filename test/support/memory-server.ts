import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { connect, type Connection } from '../../src/processes/connect.ts';
import { portOf, type Port } from '../../src/processes/port.ts';

/** A message of one connection; all of them share one IPC channel. */
export type Addressed = { readonly world: string; readonly connection: number; readonly message: unknown };

type Address = Pick<Addressed, 'world' | 'connection'>;

/** Returns the part of a channel that belongs to one connection, and a way to hand it a message. */
export function part(whole: Port, { world, connection }: Address): { port: Port; receive(message: unknown): void } {
  const receivers = new Set<(message: unknown) => void>();
  const receive = (message: unknown): void => {
    for (const one of receivers) one(message);
  };
  whole.onMessage((received) => {
    const addressed = received as Addressed;
    if (addressed.world === world && addressed.connection === connection) receive(addressed.message);
  });
  const port: Port = {
    send: (message) => whole.send({ world, connection, message }),
    onMessage: (one) => {
      receivers.add(one);
      return () => void receivers.delete(one);
    },
    lost: whole.lost,
  };
  return { port, receive };
}

/** A process that serves its memory to connections of this one, over a real IPC channel. */
export type MemoryServer = {
  /** Returns connections to a memory of their own. */
  world(): { open(): Connection };
  /** Kills the process; the next world starts another. */
  kill(): void;
};

/** Starts a process with the first world. */
export function memoryServer(): MemoryServer {
  let child: ChildProcess | undefined;
  let [worlds, connections] = [0, 0];
  return {
    world: () => {
      child ??= fork(join(import.meta.dirname, 'memory-server-main.ts'), { stdio: 'inherit' });
      child.setMaxListeners(0);
      const whole = portOf(child);
      worlds += 1;
      const world = String(worlds);
      return {
        open: () => {
          connections += 1;
          return connect(part(whole, { world, connection: connections }).port);
        },
      };
    },
    kill: () => {
      child?.kill('SIGKILL');
      child = undefined;
    },
  };
}

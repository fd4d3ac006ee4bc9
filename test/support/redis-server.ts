import { createInterface } from 'node:readline';
import { freePort, startProcess } from './processes.ts';
import { requireProgram } from './programs.ts';

/** A Redis server that keeps nothing; disposing of it ends it. */
export type RedisServer = AsyncDisposable & {
  readonly port: number;
  /** Its address, password included where it wants one. */
  readonly url: string;
  stop(): Promise<void>;
};

export type RedisServerOptions = { readonly port?: number; readonly password?: string };

/** Starts Debian's redis-server on a port of 127.0.0.1; throws MissingProgram where it is not installed. */
export async function startRedis({ port: wanted, password }: RedisServerOptions = {}): Promise<RedisServer> {
  const program = requireProgram('redis-server');
  const port = wanted ?? (await freePort());
  const login = password === undefined ? [] : ['--requirepass', password];
  const where = ['--bind', '127.0.0.1', '--port', String(port), '--dir', '/tmp'];
  const server = startProcess(program, [...where, '--save', '', '--appendonly', 'no', ...login]);
  const ready = (async (): Promise<boolean> => {
    for await (const line of createInterface(server.stdout)) if (line.includes('Ready to accept')) return true;
    return false;
  })();
  if (!(await ready)) throw new Error(`redis-server ended before it was ready; its last words: ${await server.ended}`);
  const user = password === undefined ? '' : `:${password}@`;
  return {
    port,
    url: `redis://${user}127.0.0.1:${port}`,
    stop: server.stop,
    [Symbol.asyncDispose]: server.stop,
  };
}

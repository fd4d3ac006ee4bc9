import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import type { Readable, Writable } from 'node:stream';

/** A server process of a test; it is also ended when the test's own process ends. */
export type ServerProcess = {
  readonly stdout: Readable;
  /** Resolves when the process has ended, with the last of what it printed. */
  readonly ended: Promise<string>;
  /** Ends the process and resolves when it is gone. */
  stop(): Promise<void>;
};

/** Programs in Go collect no garbage before they hold this much: most end long before, with a fifth less processor time. */
const GO = { GOGC: 'off', GOMEMLIMIT: '256MiB' };

/** How much of a dead server's last words goes into an error: enough for a Go stack's first lines. */
const LAST_WORDS = 2000;

/** Starts a server; rejects nothing by itself, a failed start shows in `ended`. */
export function startProcess(program: string, args: readonly string[]): ServerProcess {
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...GO },
  });
  let printed = '';
  const listen = (chunk: Buffer): void => {
    printed = (printed + chunk.toString('utf8')).slice(-LAST_WORDS);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const kill = (): void => void child.kill('SIGKILL');
  process.on('exit', kill);
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', () => resolve(printed.trim()));
  });
  return {
    stdout: child.stdout,
    ended,
    stop: async () => {
      child.kill('SIGTERM');
      child.stdin.destroy();
      await ended;
      process.off('exit', kill);
    },
  };
}

/** Ports that no system gives to a server which lets it choose, nor to a connection. */
const [FIRST_PORT, LAST_PORT] = [20_000, 32_000];

/**
 * A free TCP port of 127.0.0.1, for servers that cannot choose one themselves. The system gives it to nobody else before
 * they use it, and test processes try them in different orders.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  if (free) await new Promise((resolve) => server.close(resolve));
  return free;
}

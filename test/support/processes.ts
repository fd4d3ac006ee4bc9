import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
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

/** A TCP port of 127.0.0.1 that was free a moment ago, for servers that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

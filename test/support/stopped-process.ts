import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { realClock } from '../../src/clock.ts';

export type StoppedRun = {
  /** How long the child is stopped, or computes, in milliseconds. */
  readonly ms: number;
  /** Its timeouts, in milliseconds. */
  readonly timeout: number;
  readonly how: 'stopped' | 'computes';
};

/** Of each request that the child sent: the status and body, or the error; and how many requests came. */
export type StoppedOutcome = { readonly outcomes: readonly string[]; readonly requests: number };

/** Some answers are there as a whole, others have only begun, when the process loses its time. */
const REQUESTS = ['GET /answer', 'PUT /answer', 'GET /body', 'GET /answer', 'GET /body', 'PUT /answer'];

const clock = realClock();

/** Sends requests from a child process that then does not run for longer than its timeouts while they are answered. */
export async function runStopped({ ms, timeout, how }: StoppedRun): Promise<StoppedOutcome> {
  const waiting: ServerResponse[] = [];
  const came = Promise.withResolvers<undefined>();
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    if (request.url === '/body') response.writeHead(200, { 'content-length': 5 }).write('wh');
    request.resume();
    waiting.push(response);
    if (requests === REQUESTS.length) came.resolve(undefined);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const sent = REQUESTS.map((one) => one.replace(' ', ` http://127.0.0.1:${port}`));
  const args = [JSON.stringify(sent), how === 'computes' ? String(ms) : '0', String(timeout)];
  const done = Promise.withResolvers<string>();
  const child = execFile(
    process.execPath,
    [new URL('stopped-main.ts', import.meta.url).pathname, ...args],
    (error, out) => (error === null ? done.resolve(out) : done.reject(error)),
  );
  try {
    await came.promise;
    if (how === 'stopped') {
      child.kill('SIGSTOP');
      while (!(await isStopped(child.pid))) await clock.wait(1);
    }
    await clock.wait(ms / 2);
    for (const response of waiting) response.end(response.headersSent ? 'ole' : 'ok');
    await clock.wait(ms / 2);
    child.kill('SIGCONT');
    return { outcomes: JSON.parse(await done.promise) as string[], requests };
  } finally {
    child.kill('SIGKILL');
    server.closeAllConnections();
    server.close();
  }
}

async function isStopped(pid: number | undefined): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
}

/** The outcomes if nothing was held against the server. */
export const UNHARMED: StoppedOutcome = {
  outcomes: REQUESTS.map((one) => (one.endsWith('body') ? '200 whole' : '200 ok')),
  requests: REQUESTS.length,
};

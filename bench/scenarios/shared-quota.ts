import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { realClock } from '../../src/clock.ts';
import { startRedis } from '../../test/support/redis-server.ts';
import { quotaGate } from '../../test/support/registry/faults.ts';
import { round } from '../measure.ts';
import type { Figures, Outcome, Scenario } from '../scenario.ts';

const CLIENT = join(import.meta.dirname, '..', '..', 'test', 'support', 'limited-client.ts');

/** As many as an Indexed Job has pods. */
const PROCESSES = 8;
/** Requests a second: a small registry, a usual one, and more than one process sends. */
const QUOTAS = [30, 100, 1000];

/** Seconds in which the limit is found; then Redis runs, is gone, and is back for as long as each of the others. */
const LEARN_S = 10;
const STRETCH_S = 15;

/** Eight processes that share each quota through a real Redis, which is killed and comes back. */
export const sharedQuota: Scenario = {
  limits: Object.fromEntries(
    QUOTAS.flatMap((quota) => [
      [`used of ${quota}/s`, { least: 0.95 }],
      [`refused of ${quota}/s`, { most: 0.02 }],
    ]),
  ),
  run: runSharedQuota,
};

async function runSharedQuota(): Promise<Outcome> {
  let [figures, local]: [Figures, Figures] = [{}, {}];
  for (const quota of QUOTAS) {
    const result = await measure(quota);
    figures = { ...figures, ...result.figures };
    local = { ...local, ...result.local };
  }
  return { figures, local, problems: [] };
}

type Counts = { admitted: number; refused: number };

async function measure(quota: number): Promise<Omit<Outcome, 'problems'>> {
  const clock = realClock();
  const gate = quotaGate({ perSecond: quota }, clock);
  const counts: Counts = { admitted: 0, refused: 0 };
  const server = createServer((_request, response) => {
    const refusal = gate();
    counts[refusal === undefined ? 'admitted' : 'refused'] += 1;
    response.writeHead(refusal?.status ?? 200).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const redis = await startRedis();
  const clients = Array.from({ length: PROCESSES }, () => startClient(redis.url, target));
  const stretches: Stretch[] = [];
  try {
    await Promise.all(clients.map(async ({ stdout }) => stdout && once(stdout, 'data')));
    await clock.wait(LEARN_S * 1000);
    stretches.push(await stretch(counts, 'with Redis'));
    await redis.stop();
    stretches.push(await stretch(counts, 'while it is away'));
    await using again = await startRedis({ port: redis.port });
    stretches.push(await stretch(counts, 'after it is back'));
    void again;
  } finally {
    for (const client of clients) client.kill('SIGKILL');
    await redis.stop();
    server.close();
    server.closeAllConnections();
  }
  return figuresOf(quota, stretches);
}

function startClient(redis: string, target: string): ChildProcess {
  return spawn(process.execPath, [CLIENT, redis, target], { stdio: ['ignore', 'pipe', 'inherit'] });
}

type Stretch = Counts & { readonly name: string; readonly seconds: number };

/** Counts the requests of the next seconds. */
async function stretch(counts: Counts, name: string): Promise<Stretch> {
  const [start, before] = [performance.now(), { ...counts }];
  await realClock().wait(STRETCH_S * 1000);
  const seconds = (performance.now() - start) / 1000;
  return { name, seconds, admitted: counts.admitted - before.admitted, refused: counts.refused - before.refused };
}

/** All stretches together are compared with the promise; each of them is printed. */
function figuresOf(quota: number, stretches: readonly Stretch[]): Omit<Outcome, 'problems'> {
  const used = (some: readonly Stretch[]): number => round(sum(some, 'admitted') / sum(some, 'seconds') / quota);
  const refused = (some: readonly Stretch[]): number => {
    const all = sum(some, 'admitted') + sum(some, 'refused');
    return Math.round((sum(some, 'refused') / all) * 10_000) / 10_000;
  };
  return {
    figures: { [`used of ${quota}/s`]: used(stretches), [`refused of ${quota}/s`]: refused(stretches) },
    local: Object.fromEntries(
      stretches.flatMap((one) => [
        [`used of ${quota}/s ${one.name}`, used([one])],
        [`refused of ${quota}/s ${one.name}`, refused([one])],
      ]),
    ),
  };
}

function sum(stretches: readonly Stretch[], key: 'admitted' | 'refused' | 'seconds'): number {
  return stretches.reduce((total, one) => total + one[key], 0);
}

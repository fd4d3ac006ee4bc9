import { monitorEventLoopDelay } from 'node:perf_hooks';
import { realClock } from '../../src/clock.ts';
import { httpStack } from '../../src/http/stack.ts';
import { adaptiveLimiter, type AdaptiveLimiter } from '../../src/ratelimit/adaptive-limiter.ts';
import type { Counts } from '../../test/support/registry/counters.ts';
import { startRegistryProcess, type RegistryProcess } from '../../test/support/registry/process.ts';
import { limiterSpeed } from '../limiter-speed.ts';
import { round, type Measured } from '../measure.ts';
import { outcomeOf, type Scenario } from '../scenario.ts';

/** One quota as a registry enforces it: requests a second, and how many of them at once. */
type Enforced = { readonly rate: number; readonly burst: number };

/** What came of one quota in one stretch of time: the share of it that was had, and the shares of refusals. */
type Row = {
  readonly name: string;
  readonly share: number;
  readonly late: number;
  /** Within the first ten seconds; none where a quota changed. */
  readonly early?: number;
};

/** A registry on the same continent; with 64 connections 1,000/s are within reach. */
const LATENCY_MS = 20;
const CONNECTIONS = 64;

/** Always some hundreds more than may go. */
const CALLERS = 200;

/** The limit must be found within these seconds, and is then judged for some more. */
const LEARN_S = 10;
const JUDGE_S = 20;

/** A quota that changed must be followed within these. */
const FOLLOW_S = 15;

// What src/ratelimit/adaptive/bucket.test.ts asks of the law alone.
const LEAST_SHARE = 0.9;
const MOST_LATE = 0.02;
const MOST_EARLY = 0.05;

/** Requests a second of processor time that the limiter must pass. */
const LEAST_SPEED = 20_000;

const deep = (rate: number): Enforced => ({ rate, burst: rate });
const shallow = (rate: number): Enforced => ({ rate, burst: Math.max(1, rate / 10) });

/**
 * Low quotas refuse one request in some seconds: only a minute of them tells a share. One that admits a request every
 * 100 ms also tells of every delay in these processes, so they run beside the steps, and before what keeps the cores busy.
 */
const LOW: readonly Enforced[] = [10, 30, 100].flatMap((rate) => [deep(rate), shallow(rate)]);
const LOW_JUDGE_S = 70;

/** What runs side by side: at most 1,250 requests a second, which two cores serve without being the limit. */
const ROUNDS: readonly (readonly Enforced[])[] = [
  [deep(1000), shallow(250)],
  [shallow(1000), deep(250)],
  [deep(500), shallow(500)],
];

/** Runs the limiter against quotas over HTTP, and alone. */
export const ratelimit: Scenario = { run: async () => outcomeOf(await runRateLimit()) };

/** Proves the limiter against quotas over HTTP, and its speed alone; one line each on stderr, exit 1 when one failed. */
async function runRateLimit(): Promise<Measured> {
  const start = performance.now();
  const speed = Math.round(await limiterSpeed());
  const isFast = speed >= LEAST_SPEED;
  process.stderr.write(`\nlimiter alone: ${speed} requests/s of processor time  ${isFast ? 'ok' : 'FAILED'}\n`);
  const lateness = monitorEventLoopDelay({ resolution: 1 });
  lateness.enable();
  const quiet = await Promise.all([sideBySide(LOW, LOW_JUDGE_S), stepped(deep), stepped(shallow)]);
  const rows = quiet.flat();
  for (const all of ROUNDS) rows.push(...(await sideBySide(all, JUDGE_S)));
  process.stderr.write(`${['quota', 'share', '429s after', '429s within'].map(cell).join('')}\n`);
  for (const row of rows) process.stderr.write(`${lineOf(row)}\n`);
  // A quota with a burst of 100 ms cannot be used up by processes that are late by as much.
  const late = Math.round(lateness.percentile(99) / 1e6);
  process.stderr.write(
    `one timer in a hundred fired ${late} ms late or later; more than 5 ms: the machine is too busy\n`,
  );
  const failed = [...(isFast ? [] : ['speed']), ...rows.filter((row) => !isKept(row)).map(({ name }) => name)];
  const wallSeconds = round((performance.now() - start) / 1000);
  return failed.length === 0 ? { exit: 0, wallSeconds } : { exit: 1, wallSeconds, lastWords: failed.join('; ') };
}

/** Quotas that stay, all through one stack, as the registries of one run are. */
async function sideBySide(all: readonly Enforced[], seconds: number): Promise<readonly Row[]> {
  await using registries = await startRegistryProcess({
    registries: all.map(({ rate, burst }) => ({
      options: { latencyMs: LATENCY_MS, quota: { perSecond: rate, burst } },
    })),
  });
  const rows = await whileFlooded(registries.hosts, async () => {
    const [learned, judged] = [await after(registries, LEARN_S), await after(registries, seconds)];
    return all.map((quota, index) => ({
      ...rowOf(nameOf(quota), quota.rate, judged, index),
      early: refusedShare(learned.counts[index]),
    }));
  });
  return rows;
}

/** 60/s, four times as much, and 60/s again. */
async function stepped(enforced: (rate: number) => Enforced): Promise<readonly Row[]> {
  const [low, high] = [enforced(60), enforced(240)];
  const quota = ({ rate, burst }: Enforced): { perSecond: number; burst: number } => ({ perSecond: rate, burst });
  await using registries = await startRegistryProcess({
    registries: [{ options: { latencyMs: LATENCY_MS, quota: quota(low) } }],
  });
  const rows: Row[] = [];
  await whileFlooded(registries.hosts, async () => {
    await after(registries, JUDGE_S);
    for (const next of [high, low]) {
      await registries.setQuota(quota(next));
      await after(registries, FOLLOW_S);
      const name = `${next === high ? 'up' : 'down'} to ${nameOf(next)}`;
      rows.push(rowOf(name, next.rate, await after(registries, JUDGE_S), 0));
    }
  });
  return rows;
}

type Stretch = { readonly seconds: number; readonly counts: readonly Counts[] };

/** What the registries count from now on for so many seconds. */
async function after(registries: RegistryProcess, seconds: number): Promise<Stretch> {
  await registries.reset();
  const start = performance.now();
  await realClock().wait(seconds * 1000);
  return { counts: await registries.counts(), seconds: (performance.now() - start) / 1000 };
}

/** Measures while callers at each host ask again as soon as they are answered. */
async function whileFlooded<T>(hosts: readonly string[], measuring: () => Promise<T>): Promise<T> {
  const clock = realClock();
  const limiter: AdaptiveLimiter = adaptiveLimiter({ clock, concurrency: CONNECTIONS, maxWait: 60_000 });
  const { fetch, close } = httpStack({ clock, limiter, concurrency: CONNECTIONS });
  const stop = new AbortController();
  const { signal } = stop;
  const ask = async (host: string): Promise<void> => {
    const url = new URL(`http://${host}/v2/`);
    while (!signal.aborted) {
      const { body } = await fetch({ method: 'GET', url, operation: 'read', signal });
      await body.discard();
    }
  };
  const callers = hosts.flatMap((host) => Array.from({ length: CALLERS }, () => ask(host)));
  const ended = Promise.allSettled(callers);
  try {
    return await measuring();
  } finally {
    stop.abort();
    await ended;
    await close();
  }
}

function rowOf(name: string, rate: number, { counts, seconds }: Stretch, index: number): Row {
  const { requests = 0, statuses = {} } = counts[index] ?? {};
  return {
    name,
    share: (requests - (statuses['429'] ?? 0)) / seconds / rate,
    late: refusedShare(counts[index]),
  };
}

function refusedShare({ requests = 0, statuses = {} }: Partial<Counts> = {}): number {
  return (statuses['429'] ?? 0) / Math.max(1, requests);
}

function isKept({ share, late, early = 0 }: Row): boolean {
  return share >= LEAST_SHARE && late <= MOST_LATE && early <= MOST_EARLY;
}

function nameOf({ rate, burst }: Enforced): string {
  return `${rate}/s, ${burst} at once`;
}

function lineOf(row: Row): string {
  const { name, share, late, early } = row;
  const cells = [name, share.toFixed(3), percent(late), early === undefined ? '–' : percent(early)];
  return cells.map(cell).join('') + (isKept(row) ? 'ok' : 'FAILED');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** The first column is wide, the others hold a figure each. */
function cell(text: string, column: number): string {
  return text.padEnd(column === 0 ? 30 : 13);
}

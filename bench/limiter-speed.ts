import { realClock } from '../src/clock.ts';
import { adaptiveLimiter } from '../src/ratelimit/adaptive-limiter.ts';
import type { Lane, RequestClass } from '../src/ratelimit/limiter.ts';

/** As many as two mirrors' listings and copies under way. */
const CALLERS = 400;
const REQUESTS = 100_000;

const KINDS: readonly (readonly [Lane, RequestClass])[] = [
  ['small', 'list'],
  ['small', 'read'],
  ['small', 'write'],
  ['download', 'read'],
  ['upload', 'write'],
];

/** Requests a second of processor time that the whole limiter passes, with hundreds waiting for a slot or for a token. */
export async function limiterSpeed(): Promise<number> {
  // Without a limit they wait for slots; at 40,000/s mostly for tokens.
  const speeds = [await speedAt(1e9), await speedAt(40_000)];
  return Math.min(...speeds);
}

async function speedAt(rate: number): Promise<number> {
  const settings = { start: rate, ceiling: rate };
  const limiter = adaptiveLimiter({ clock: realClock(), concurrency: 20, maxWait: 60_000, settingsOf: () => settings });
  const { signal } = new AbortController();
  let left = REQUESTS;
  const ask = async (_: unknown, index: number): Promise<void> => {
    const [lane, kind] = KINDS[index % KINDS.length] ?? ['small', 'read'];
    const want = { origin: 'https://bench.test', lane, class: kind };
    while ((left -= 1) >= 0) {
      const { answered, release } = await limiter.acquire(want, signal);
      // Answers come in turns of the event loop, some at once.
      await new Promise((resolve) => setImmediate(resolve));
      answered({ status: 200 });
      release();
    }
  };
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: CALLERS }, ask));
  const { user, system } = process.cpuUsage(before);
  return REQUESTS / ((user + system) / 1e6);
}

// A process of its own that always has more requests for one server, and sends them as a registry's are sent.
import { realClock } from '../../src/clock.ts';
import { openBudget } from '../../src/cli/wiring/limiter-budget.ts';
import { adaptiveLimiter } from '../../src/ratelimit/adaptive-limiter.ts';
import { parseRedisAddress } from '../../src/redis/address.ts';

const [limiter = '', target = ''] = process.argv.slice(2);
const address = parseRedisAddress(limiter);
if (address === undefined) throw new Error('the first argument names a limiter');

const clock = realClock();
const stopping = new AbortController();
const budget = openBudget({ address }, clock, (event) => console.log(JSON.stringify(event)));
const { acquire } = adaptiveLimiter({ clock, concurrency: 8, maxWait: 60_000, bucketOf: budget?.bucketOf });
const { origin } = new URL(target);

async function keepSending(): Promise<void> {
  while (!stopping.signal.aborted) {
    const permit = await acquire({ origin, lane: 'small', class: 'read' }, stopping.signal);
    const response = await fetch(target);
    await response.body?.cancel();
    permit.answered({ status: response.status });
    permit.release();
  }
}

process.once('SIGTERM', () => {
  stopping.abort(new Error('stopped'));
  budget?.close();
});
await Promise.allSettled(Array.from({ length: 8 }, keepSending));

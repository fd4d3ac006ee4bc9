import { realClock } from '../../src/clock.ts';
import { httpStack } from '../../src/http/stack.ts';
import { adaptiveLimiter } from '../../src/ratelimit/adaptive-limiter.ts';
import { generator } from '../../test/support/rate-simulation.ts';
import { startRegistry } from '../../test/support/registry/server.ts';
import type { RegistryOptions } from '../../test/support/registry/options.ts';
import { round } from '../measure.ts';
import type { Outcome, Scenario } from '../scenario.ts';

/** Fraction of requests that are refused at random, without `Retry-After`. */
const NOISE = 0.02;
/** As many registries as a small run has, and as many requests to each as a dry run of 2,640 repositories. */
const REGISTRIES = 4;
const REQUESTS = 500;
const LATENCY_MS = 20;
const CONNECTIONS = 20;

/** A quota that holds back these requests for half a minute, of which learning it is a small part. */
const QUOTA = { perSecond: 100, burst: 100 };
const QUOTA_REQUESTS = 3000;

/** Runs with random refusals beside undisturbed ones: without a quota, and with one. */
export const tails429: Scenario = {
  limits: {
    'time / undisturbed': { most: 2 },
    'used of the quota': { least: 0.9 },
    'used of the quota beside refusals': { least: 0.9 },
  },
  run: runTails429,
};

async function runTails429(): Promise<Outcome> {
  const [calm, noisy] = [await secondsOf({}, REQUESTS, 0), await secondsOf({}, REQUESTS, NOISE)];
  const quota = { quota: QUOTA };
  const [alone, disturbed] = [await secondsOf(quota, QUOTA_REQUESTS, 0), await secondsOf(quota, QUOTA_REQUESTS, NOISE)];
  const least = (QUOTA_REQUESTS - QUOTA.burst) / QUOTA.perSecond;
  return {
    figures: {
      'time / undisturbed': round(noisy / calm),
      'used of the quota': round(least / alone),
      'used of the quota beside refusals': round(least / disturbed),
    },
    local: { undisturbedSeconds: round(calm), disturbedSeconds: round(noisy) },
    problems: [],
  };
}

/** Returns the seconds until each registry has admitted `requests` requests, of which the fraction `noise` is refused at random. */
async function secondsOf(options: RegistryOptions, requests: number, noise: number): Promise<number> {
  const clock = realClock();
  const limiter = adaptiveLimiter({ clock, concurrency: CONNECTIONS, maxWait: 60_000 });
  const { fetch, close } = httpStack({ clock, limiter, concurrency: CONNECTIONS });
  const random = generator(1);
  const fault: RegistryOptions['fault'] = () => (random() < noise ? { status: 429 } : undefined);
  const registries = await Promise.all(
    Array.from({ length: options.quota === undefined ? REGISTRIES : 1 }, () =>
      startRegistry({ ...options, latencyMs: LATENCY_MS, fault }),
    ),
  );
  const { signal } = new AbortController();
  const start = performance.now();
  const ask = async (host: string): Promise<void> => {
    const { body } = await fetch({ method: 'GET', url: new URL(`http://${host}/v2/`), operation: 'read', signal });
    await body.discard();
  };
  try {
    await Promise.all(registries.flatMap(({ host }) => Array.from({ length: requests }, () => ask(host))));
    return (performance.now() - start) / 1000;
  } finally {
    await close();
    await Promise.all(registries.map((registry) => registry.close()));
  }
}

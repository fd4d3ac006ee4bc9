import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { portPair } from '../../test/support/port-pair.ts';
import { bucketQuota, generator } from '../../test/support/rate-simulation.ts';
import { crowd } from '../../test/support/shared-quota.ts';
import { adaptiveLimiter } from '../ratelimit/adaptive-limiter.ts';
import { sharedBucket } from '../ratelimit/shared/bucket.ts';
import { connect } from './connect.ts';
import { memoryLeases } from './memory-leases.ts';
import { memoryRateStore } from './memory-rate-store.ts';
import { serve } from './serve.ts';

const ORIGIN = 'https://registry.example';
const SECONDS = 15;
/** Until then, the processes find out the limit. */
const LEARNING_SECONDS = 10;

describe('src/processes: rates over IPC', () => {
  it.each([30, 100])(
    'uses a quota of %i/s that four processes share, and is refused less than one request in fifty',
    async (perSecond) => {
      const clock = fakeClock({ start: 0 });
      const quota = bucketQuota(
        () => perSecond,
        () => perSecond,
      );
      const requests = crowd({ clock, quota, origin: ORIGIN, concurrency: 8, random: generator(1) });
      const memory = { rates: memoryRateStore(clock), leases: memoryLeases(clock) };
      for (let index = 0; index < 4; index += 1) {
        const [main, child] = portPair(clock);
        serve(memory, main);
        const { rates } = connect(child);
        const limiter = adaptiveLimiter({
          clock,
          concurrency: 20,
          maxWait: 600_000,
          bucketOf: (name, settings, wake) => {
            const bucket = sharedBucket({ name, settings, clock, wake });
            bucket.join(rates);
            return bucket;
          },
        });
        requests.enter(limiter);
      }
      await clock.advance(LEARNING_SECONDS * 1000);
      const before = { ...requests.tally };
      await clock.advance(SECONDS * 1000);
      const admitted = requests.tally.admitted - before.admitted;
      expect(admitted).toBeGreaterThan(0.9 * SECONDS * perSecond);
      expect(requests.tally.refused - before.refused).toBeLessThan(0.02 * admitted);
    },
  );
});

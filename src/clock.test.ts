import { describe, expect, it } from 'vitest';
import { realClock } from './clock.ts';

/** Keeps the event loop from turning. */
function compute(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('src/clock.ts', () => {
  it('does not count the time in which the event loop was blocked', async () => {
    const clock = realClock();
    const [began, start] = [clock.elapsed(), clock.now()];
    compute(500);
    // `elapsed` counts 200 ms of one turn at most, `now` all of it.
    expect(clock.elapsed() - began).toBeLessThan(450);
    expect(clock.now() - start).toBeGreaterThanOrEqual(499);
  });

  it('fires a limit only after what has arrived was read', async () => {
    const clock = realClock();
    const order: string[] = [];
    const { promise, resolve } = Promise.withResolvers<undefined>();
    clock.limit(1, () => resolve(void order.push('limit')));
    clock.timer(2, () => order.push('timer'));
    compute(20);
    await promise;
    expect(order).toEqual(['timer', 'limit']);
    const cancel = clock.limit(1, () => order.push('never'));
    clock.timer(1, cancel);
    await clock.wait(5);
    expect(order).toHaveLength(2);
  });

  it('fires a long limit when it is due, and not if it is cancelled', async () => {
    const clock = realClock();
    const fired: string[] = [];
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const began = clock.elapsed();
    const cancel = clock.limit(1000, () => fired.push('cancelled'));
    clock.limit(1000, () => resolve(void fired.push('due')));
    cancel();
    await promise;
    expect(fired).toEqual(['due']);
    expect(clock.elapsed() - began).toBeGreaterThanOrEqual(1000);
  });
});

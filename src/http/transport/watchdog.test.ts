import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { watchdog } from './watchdog.ts';

describe('src/http/transport/watchdog.ts', () => {
  it('expires once after the whole time without a restart', async () => {
    const clock = fakeClock();
    const dog = watchdog(clock);
    let expired = 0;
    dog.watch(100, () => (expired += 1));
    await clock.advance(90);
    dog.touch();
    await clock.advance(99);
    expect(expired).toBe(0);
    await clock.advance(1);
    expect(expired).toBe(1);
    await clock.advance(1000);
    expect(expired).toBe(1);
  });

  it('expires earlier when the next time is shorter', async () => {
    const clock = fakeClock();
    const dog = watchdog(clock);
    const expired: string[] = [];
    dog.watch(100, () => expired.push('first'));
    dog.watch(10, () => expired.push('second'));
    await clock.advance(10);
    expect(expired).toEqual(['second']);
    await clock.advance(1000);
    expect(expired).toEqual(['second']);
  });

  it('rests until the next watch, and holds no timer once it is stopped', async () => {
    const clock = fakeClock();
    const dog = watchdog(clock);
    let expired = 0;
    dog.watch(100, () => (expired += 1));
    dog.rest();
    dog.touch();
    await clock.advance(1000);
    expect(expired).toBe(0);
    dog.watch(100, () => (expired += 1));
    await clock.advance(100);
    expect(expired).toBe(1);
    dog.watch(100, () => (expired += 1));
    dog.stop();
    expect(clock.pending()).toBe(0);
  });

  it('uses one timer for many restarts', async () => {
    const clock = fakeClock();
    let set = 0;
    const dog = watchdog({ ...clock, limit: (ms, fire) => ((set += 1), clock.limit(ms, fire)) });
    dog.watch(100, () => {});
    for (let moved = 0; moved < 1000; moved += 1) dog.touch();
    expect(set).toBe(1);
  });
});

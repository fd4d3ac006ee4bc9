import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../test/support/fake-clock.ts';
import type { RunEvent } from '../events.ts';
import { startHeartbeat } from './heartbeat.ts';
import { trackStatus } from './status.ts';

describe('src/watch/heartbeat.ts', () => {
  it('logs every 30 s until it is stopped', async () => {
    const clock = fakeClock();
    const told: RunEvent[] = [];
    const stop = startHeartbeat(clock, trackStatus(clock, () => []).status, (event) => told.push(event));
    await clock.advance(29_999);
    expect(told).toEqual([]);
    await clock.advance(30_001);
    expect(told.map((event) => event.type === 'log' && event.message)).toEqual([
      'Still starting after 30s: 0 B/s',
      'Still starting after 1m00s: 0 B/s',
    ]);
    stop();
    expect(clock.pending()).toBe(0);
  });
});

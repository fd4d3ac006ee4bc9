import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import type { PromotionError } from '../../errors.ts';
import { newProgress, tooSlow, type Progress } from './progress.ts';
import { stageTimers } from './stage-timers.ts';
import { DEFAULT_TIMEOUTS } from './timeouts.ts';

const FLOOR = 1_048_576;

/** How many beats of so many bytes and milliseconds are waited for; 1000 where there is no end. */
function beats(bytes: number, ms: number, progress: Progress = newProgress(), floor = FLOOR): number {
  for (let beat = 1; beat < 1000; beat += 1) if (tooSlow(progress, bytes, ms, floor) !== undefined) return beat;
  return 1000;
}

describe('src/http/transport/progress.ts', () => {
  it.each([
    ['a byte a second', 1, 1_000, 30],
    ['just less than a MiB a minute', 17_000, 1_000, 30],
    ['a MiB a minute', 17_500, 1_000, 1000],
    ['a byte each 24 seconds', 1, 24_000, 5],
    ['nothing that we waited for', 1, 0, 1000],
  ])('accepts %s for the expected number of steps', (_, bytes, ms, expected) => {
    expect(beats(bytes, ms)).toBe(expected);
  });

  it('counts over all requests that share it, and applies the share and a floor of 0', () => {
    const shared = newProgress();
    expect([beats(1, 1_000, shared), beats(1, 1_000, shared)]).toEqual([30, 30]);
    expect(beats(1_100, 1_000, newProgress(1 / 16))).toBe(1000);
    expect(beats(1, 1_000, newProgress(), 0)).toBe(1000);
  });

  it.each(['sending', 'receiving'] as const)(
    'ends an exchange that is slow in %s, but not one with a paused timer',
    async (stage) => {
      const clock = fakeClock();
      const errors: PromotionError[] = [];
      const timers = stageTimers('PUT it', clock, DEFAULT_TIMEOUTS, (error) => errors.push(error), newProgress());
      for (let second = 0; second < 60; second += 1) {
        timers.rest();
        await clock.advance(1_000);
        timers.moved(10);
      }
      expect(errors).toEqual([]);
      for (let second = 0; second < 30; second += 1) {
        timers[stage]();
        await clock.advance(1_000);
        timers.moved(10);
      }
      expect(errors).toMatchObject([{ code: 'TOO_SLOW', message: expect.stringContaining('PUT it: only') as string }]);
      timers.stop();
    },
  );
});

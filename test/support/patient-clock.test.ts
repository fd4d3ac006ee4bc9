import { describe, expect, it } from 'vitest';
import { patientClock } from './patient-clock.ts';

const SPEED = 100;

/** Lets the machine's clock go on while nothing else of this process does. */
function stall(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('test/support/patient-clock.ts', () => {
  it('goes on while the process waits, and hardly while it is held up', async () => {
    const clock = patientClock(SPEED);
    const start = clock.now();
    await clock.wait(1_000);
    expect(clock.now() - start).toBeGreaterThanOrEqual(1_000);
    const before = clock.now();
    stall(100);
    expect(clock.now() - before).toBeLessThan(100 * SPEED);
  });

  it('fires timers in order, also when all are late, and none that was cancelled', async () => {
    const clock = patientClock(SPEED);
    const fired: string[] = [];
    const cancel = clock.timer(150, () => fired.push('cancelled'));
    clock.timer(200, () => fired.push('second'));
    clock.timer(100, () => {
      fired.push('first');
      cancel();
    });
    stall(20);
    await clock.wait(300);
    expect(fired).toEqual(['first', 'second']);
  });
});

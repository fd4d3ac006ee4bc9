import { describe, expect, it } from 'vitest';
import { fakeClock, type FakeClock } from '../../../test/support/fake-clock.ts';
import { rejection } from '../../../test/support/http-request.ts';
import { PromotionError } from '../../errors.ts';
import { jitteredPause } from '../../async/backoff.ts';
import { patience, type Patience } from './retry.ts';

const forever = new AbortController().signal;

const failing = (code: 'REPLAY_NEEDED' | 'NETWORK' | 'REGISTRY_PROTOCOL'): PromotionError =>
  new PromotionError('SIGNING_SERVICE', `it failed: ${code}`, { cause: new PromotionError(code, 'why') });
const again = failing('REPLAY_NEEDED');

function patient(): { readonly clock: FakeClock; readonly tried: Patience } {
  const clock = fakeClock({ skipWaits: true });
  return { clock, tried: patience({ clock, pause: jitteredPause(clock, () => 1) }) };
}

/** Fails in these ways one after another, then succeeds; counts. */
function work(errors: readonly unknown[], each: () => void = () => {}): { count: number; run(): Promise<string> } {
  const state = {
    count: 0,
    run: async () => {
      each();
      const error = errors[state.count++];
      if (error !== undefined) throw error as Error;
      return 'done';
    },
  };
  return state;
}

describe('src/attest/signing/retry.ts', () => {
  it('repeats the work until it succeeds, with a pause each time', async () => {
    const { clock, tried } = patient();
    const { run } = work([again, again, again]);
    expect(await tried(run, forever)).toBe('done');
    expect(clock.waits).toHaveLength(3);
  });

  it.each([failing('NETWORK'), failing('REGISTRY_PROTOCOL'), new Error('a bug')])(
    'does not repeat final failures: %s',
    async (error) => {
      const { tried } = patient();
      const state = work([error]);
      expect(await rejection(tried(state.run, forever))).toBe(error);
      expect(state.count).toBe(1);
    },
  );

  it('gives up when consecutive failures fill the budget', async () => {
    const { clock, tried } = patient();
    const start = clock.now();
    expect(await rejection(tried(work(Array.from({ length: 1000 }, () => again)).run, forever))).toBe(again);
    expect(clock.now() - start).toBeGreaterThan(119_000);
    expect(clock.now() - start).toBeLessThan(300_000);
  });

  it('does not count one long silent request as an outage', async () => {
    const { clock, tried } = patient();
    const { run } = work([again], () => void clock.wait(150_000));
    expect(await tried(run, forever)).toBe('done');
  });

  it('fails other callers during an outage, and tries again a minute later', async () => {
    const { clock, tried } = patient();
    await rejection(tried(work([failing('NETWORK')]).run, forever));
    const other = work([]);
    expect(await rejection(tried(other.run, forever))).toMatchObject({ code: 'SIGNING_SERVICE' });
    expect(other.count).toBe(0);
    await clock.advance(60_000);
    expect(await tried(other.run, forever)).toBe('done');
  });

  it('does not count a refusal of one caller as an outage', async () => {
    const { tried } = patient();
    await rejection(tried(work([failing('REGISTRY_PROTOCOL')]).run, forever));
    expect(await tried(work([]).run, forever)).toBe('done');
  });

  it('starts nothing after the run is aborted', async () => {
    const { tried } = patient();
    const controller = new AbortController();
    const state = work([again], () => controller.abort(new Error('stop')));
    expect(await rejection(tried(state.run, controller.signal))).toMatchObject({ message: 'stop' });
    expect(state.count).toBe(1);
  });
});

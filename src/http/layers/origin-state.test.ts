import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import { PromotionError } from '../../errors.ts';
import type { Fetch } from '../fetch.ts';
import { bodyOf } from '../transport/response-body.ts';
import { retry } from './retry.ts';

describe('src/http/layers/origin-state.ts', () => {
  /** How often a request is sent that fails after these times, the last one for ever. */
  const sent = async (error: PromotionError, outcomes: readonly number[], isSilent = true): Promise<number> => {
    const clock = fakeClock({ skipWaits: true });
    let attempts = 0;
    const inner: Fetch = async ({ url }) => {
      if (url.pathname === '/others') return { status: 200, headers: new Map(), url, body: bodyOf(Buffer.of(), 'GET') };
      const took = outcomes[Math.min(attempts, outcomes.length - 1)] ?? 0;
      attempts += 1;
      await clock.wait(took);
      if (!isSilent) await fetch(requestTo(new URL('http://registry.test/others')));
      throw error;
    };
    const fetch = retry({ clock, random: () => 0 })(inner);
    await rejection(fetch(requestTo(new URL('http://registry.test/'))));
    return attempts;
  };

  it('keeps retrying after two silent sockets, or sleep of the machine, while the host responds to others', async () => {
    const silent = new PromotionError('TIMEOUT', 'GET http://registry.test/: no response within 25 s');
    expect(await sent(silent, [60_000], false)).toBe(6);
    expect(await sent(silent, [0, 8 * 3_600_000, 60_000, 20_000], false)).toBe(7);
  });

  it('tries a host twice that accepts requests without responding, and retries refused connections for two minutes', async () => {
    expect(await sent(new PromotionError('TIMEOUT', 'GET http://registry.test/: no answer'), [25_000])).toBe(2);
    expect(await sent(new PromotionError('TIMEOUT', 'connecting to registry.test: none'), [25_000])).toBe(6);
    // the machine sleeps during the first attempt
    expect(
      await sent(new PromotionError('TIMEOUT', 'GET http://registry.test/: no answer'), [8 * 3_600_000, 25_000]),
    ).toBe(3);
  });

  it('retries nothing at a host that has been silent for half a minute', async () => {
    const clock = fakeClock({ skipWaits: false });
    let attempts = 0;
    const inner: Fetch = async () => {
      attempts += 1;
      await clock.wait(25_000);
      throw new PromotionError('TIMEOUT', 'GET http://registry.test/: no response within 25 s');
    };
    const fetch = retry({ clock, random: () => 0 })(inner);
    const failures: Promise<unknown>[] = [];
    for (let second = 0; second < 20; second += 1) {
      failures.push(rejection(fetch(requestTo(new URL(`http://registry.test/${second}`)))));
      await clock.advance(1_000);
    }
    for (let second = 20; second < 60; second += 1) await clock.advance(1_000);
    await Promise.all(failures);
    expect(attempts).toBe(25);
  });
});

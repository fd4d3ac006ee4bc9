import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import type { RunEvent } from '../../events.ts';
import type { Fetch, HttpResponse } from '../fetch.ts';
import { networkError } from '../transport/network-error.ts';
import { bodyOf } from '../transport/response-body.ts';
import { retry, type RetryOptions } from './retry.ts';

const URL_OF = 'http://registry.test:5000/v2/app/tags/list';

/** What an attempt comes to: the code of an error, or a status. */
type Attempt = string | number;

/** A layer over these attempts, the last one for ever, and what it did. */
function retried(attempts: readonly Attempt[], options: Partial<RetryOptions> = {}) {
  const clock = fakeClock({ skipWaits: true });
  const events: RunEvent[] = [];
  let count = 0;
  const inner: Fetch = async ({ method, url }): Promise<HttpResponse> => {
    const attempt = attempts[Math.min(count, attempts.length - 1)] ?? 200;
    count += 1;
    if (typeof attempt === 'number')
      return { status: attempt, headers: new Map(), url, body: bodyOf(new Uint8Array(), 'it') };
    throw networkError(Object.assign(new Error(`it failed: ${attempt}`), { code: attempt }), `${method} ${url.href}`);
  };
  const start = clock.now();
  const narrate = (event: RunEvent): void => void events.push(event);
  const fetch = retry({ clock, random: () => 1, narrate, ...options })(inner);
  const logged = (): readonly RunEvent[] => events.filter(({ type }) => type === 'log');
  return { fetch, logged, clock, sent: () => count, took: () => clock.now() - start };
}

const ask = (fetch: Fetch, path = ''): Promise<HttpResponse> => fetch(requestTo(`${URL_OF}${path}`));

describe('src/http/layers/retry.ts, how long it tries', () => {
  it.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'HPE_INVALID_CONSTANT'])(
    'gives up within 10 s if the origin has never responded: %s',
    async (code) => {
      const { fetch, sent, took } = retried([code]);
      expect(await rejection(ask(fetch))).toMatchObject({ code: 'NETWORK', hint: expect.any(String) as string });
      expect(sent()).toBeGreaterThan(4);
      expect(took()).toBeLessThanOrEqual(10_000);
    },
  );

  it('retries longer if the registry has responded before', async () => {
    const { fetch, took } = retried([200, 'ECONNREFUSED']);
    await ask(fetch);
    await rejection(ask(fetch));
    expect(took()).toBeGreaterThan(60_000);
  });

  it('retries longer after a broken connection', async () => {
    const { fetch, took } = retried(['ECONNRESET']);
    await rejection(ask(fetch));
    expect(took()).toBeGreaterThan(60_000);
  });

  it.each(['ECONNREFUSED', 'ECONNRESET'])('uses the configured budget instead, for %s', async (code) => {
    for (const budget of [3_000, 60_000]) {
      const { fetch, took } = retried([code], { budget });
      await rejection(ask(fetch));
      expect(took()).toBeLessThanOrEqual(budget);
      expect(took()).toBeGreaterThanOrEqual(budget / 4);
    }
  });

  it('counts the first attempt in the configured budget', async () => {
    const clock = fakeClock({ skipWaits: true });
    let attempts = 0;
    const slow: Fetch = async () => {
      attempts += 1;
      await clock.wait(8_000);
      throw networkError(Object.assign(new Error('broken'), { code: 'ECONNRESET' }), 'GET x');
    };
    await rejection(ask(retry({ clock, random: () => 0, budget: 10_000 })(slow)));
    expect(attempts).toBe(2);
  });

  it.each([0, 1, 3])('retries at most %i times, not counting waits that the registry orders', async (retries) => {
    const failing = retried(['ECONNRESET'], { retries });
    await rejection(ask(failing.fetch));
    expect(failing.sent()).toBe(retries + 1);
    const answering = retried([503], { retries });
    expect((await ask(answering.fetch)).status).toBe(503);
    expect(answering.sent()).toBe(retries + 1);
    const limited = retried([429, 429, 429, 429, 200], { retries });
    expect((await ask(limited.fetch)).status).toBe(200);
  });
});

describe('src/http/layers/transients.ts', () => {
  it('warns of each failed attempt without repeating the address, and marks those of one origin and cause as alike', async () => {
    const { fetch, logged } = retried([503, 'ECONNREFUSED', 503, 200]);
    await ask(fetch, '?last=0');
    expect(logged()).toMatchObject([
      { level: 'warning', alike: 'http://registry.test:5000 503' },
      {
        level: 'warning',
        message: `Transient error (will retry): GET ${URL_OF}?last=0: it failed: ECONNREFUSED; attempt 3 in 400 ms`,
        alike: 'http://registry.test:5000 NETWORK ECONNREFUSED',
      },
      { level: 'warning', alike: 'http://registry.test:5000 503' },
    ]);
  });
});

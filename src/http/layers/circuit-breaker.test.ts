import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import { PromotionError } from '../../errors.ts';
import type { Clock } from '../../clock.ts';
import type { Fetch, HttpRequest } from '../fetch.ts';
import { DEFAULT_TIMEOUTS, headersTimeout, processingTime } from '../transport/timeouts.ts';
import { bodyOf } from '../transport/response-body.ts';
import { circuitBreaker } from './circuit-breaker.ts';
import { retry } from './retry.ts';

describe('src/http/layers/circuit-breaker.ts', () => {
  const stackOf = (clock: Clock, inner: Fetch): Fetch => {
    const breaker = circuitBreaker(clock);
    return retry({ clock, random: () => 0, breaker })(breaker.layer(inner));
  };
  /** How often a request is sent that fails after these times, the last one for ever; the process is stopped before. */
  const attemptsAt = async (
    error: PromotionError,
    outcomes: readonly number[],
    { isSilent = true, stopped = 0 } = {},
  ): Promise<number> => {
    const clock = fakeClock({ skipWaits: true });
    let attempts = 0;
    const inner: Fetch = async ({ url }) => {
      if (url.pathname === '/others') return { status: 200, headers: new Map(), url, body: bodyOf(Buffer.of(), 'GET') };
      const took = outcomes[Math.min(attempts, outcomes.length - 1)] ?? 0;
      attempts += 1;
      clock.stop(stopped);
      await clock.wait(took);
      if (!isSilent) await fetch(requestTo(new URL('http://registry.test/others')));
      throw error;
    };
    const fetch = stackOf(clock, inner);
    await rejection(fetch(requestTo(new URL('http://registry.test/'))));
    return attempts;
  };

  it('keeps retrying after two silent sockets, or sleep of the machine, while the host responds to others', async () => {
    const silent = new PromotionError('TIMEOUT', 'GET http://registry.test/: no response within 25 s');
    expect(await attemptsAt(silent, [60_000], { isSilent: false })).toBe(6);
    expect(await attemptsAt(silent, [0, 60_000, 20_000], { isSilent: false, stopped: 8 * 3_600_000 })).toBe(7);
  });

  it('tries a host twice that accepts requests without responding, and retries refused connections for two minutes', async () => {
    expect(await attemptsAt(new PromotionError('TIMEOUT', 'GET http://registry.test/: no answer'), [25_000])).toBe(2);
    expect(await attemptsAt(new PromotionError('TIMEOUT', 'connecting to registry.test: none'), [25_000])).toBe(6);
    // the process is stopped during each attempt
    const silent = new PromotionError('TIMEOUT', 'GET http://registry.test/: no answer');
    expect(await attemptsAt(silent, [10_000], { stopped: 8 * 3_600_000 })).toBe(3);
  });

  it('gives up requests under way when the host has been silent for too long', async () => {
    const clock = fakeClock();
    const silent: Fetch = async ({ signal }) => {
      await clock.wait(25_000, signal);
      throw new PromotionError('TIMEOUT', 'GET http://registry.test/: no response within 25 s');
    };
    const fetch = circuitBreaker(clock).layer(silent);
    const send = (given: Partial<HttpRequest> = {}): Promise<unknown> =>
      rejection(fetch({ ...requestTo(new URL('http://registry.test/')), ...given }));
    const first = send();
    await clock.advance(26_000);
    const second = send();
    await clock.advance(20_000);
    let late: unknown;
    void send().then((error) => (late = error));
    const limited = send({ headersWithin: 25_000 });
    await clock.advance(4_000);
    expect(late).toBeUndefined();
    await clock.advance(1_000);
    expect([await first, await second]).toMatchObject([{ code: 'TIMEOUT' }, { code: 'TIMEOUT' }]);
    expect(late).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('given up') });
    await clock.advance(20_000);
    expect(await limited).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('no response') });
  });

  it('retries nothing at a host that has been silent for half a minute', async () => {
    const clock = fakeClock({ skipWaits: false });
    let attempts = 0;
    const inner: Fetch = async () => {
      attempts += 1;
      await clock.wait(25_000);
      throw new PromotionError('TIMEOUT', 'GET http://registry.test/: no response within 25 s');
    };
    const fetch = stackOf(clock, inner);
    const failures: Promise<unknown>[] = [];
    for (let second = 0; second < 20; second += 1) {
      failures.push(rejection(fetch(requestTo(new URL(`http://registry.test/${second}`)))));
      await clock.advance(1_000);
    }
    for (let second = 20; second < 60; second += 1) await clock.advance(1_000);
    await Promise.all(failures);
    expect(attempts).toBe(25);
  });

  /** Sends requests of these kinds at one host, all at once, on a clock that is moved; returns what was sent and when. */
  const atHost = async (kinds: readonly Partial<HttpRequest>[], answers: (request: HttpRequest) => boolean) => {
    const clock = fakeClock({ skipWaits: false });
    const start = clock.now();
    const sent: string[] = [];
    const inner: Fetch = async (request) => {
      const { method, url } = request;
      sent.push(`${method} ${(clock.now() - start) / 1000}`);
      if (answers(request)) return { status: 200, headers: new Map(), url, body: bodyOf(Buffer.of(), method) };
      await clock.wait(25_000);
      throw new PromotionError('TIMEOUT', `${method} ${url.href}: no response within 25 s`);
    };
    const fetch = stackOf(clock, inner);
    const ask = (kind: Partial<HttpRequest>): Promise<unknown> =>
      rejection(fetch({ ...requestTo(new URL('http://registry.test/')), ...kind }));
    const failures = kinds.map(ask);
    return { clock, sent, ask, failures };
  };
  const WRITE = { method: 'PUT', operation: 'write' } as const;

  it('stops writes that bring no response although the host answers reads', async () => {
    const { clock, sent, ask, failures } = await atHost([WRITE, WRITE], ({ method }) => method === 'GET');
    for (let second = 0; second < 51; second += 1) {
      await clock.advance(1_000);
      void ask({ method: 'GET', operation: 'list' }).catch(() => undefined);
    }
    await Promise.all(failures);
    expect(sent.filter((line) => line.startsWith('PUT'))).toEqual(['PUT 0', 'PUT 0', 'PUT 25', 'PUT 25']);
    expect(await ask(WRITE)).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('not sent') as string });
  });

  it('sends requests again after half a minute', async () => {
    let isBack = false;
    const { clock, sent, ask, failures } = await atHost([WRITE, WRITE], () => isBack);
    await clock.advance(51_000);
    await Promise.all(failures);
    isBack = true;
    await clock.advance(31_000);
    await ask(WRITE).catch(() => undefined);
    expect(sent).toHaveLength(5);
  });

  it('waits longer for a host that has received a large body', async () => {
    const large = { kind: 'stream', length: 1024 * 1024 * 1024, chunks: (async function* () {})() } as const;
    expect(processingTime(large)).toBe(35_000);
    expect(
      headersTimeout({ ...requestTo(new URL('http://registry.test/')), ...WRITE, body: large }, DEFAULT_TIMEOUTS),
    ).toBe(60_000);
  });
});

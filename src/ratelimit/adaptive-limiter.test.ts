import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { fakeClock, type FakeClock } from '../../test/support/fake-clock.ts';
import { adaptiveLimiter, type AdaptiveLimiter, type LimitSettings } from './adaptive-limiter.ts';
import type { Answer, Permit, RequestClass } from './limiter.ts';

const ORIGIN = 'https://registry.example';
const forever = new AbortController().signal;

function opened(settings: LimitSettings = {}): { limiter: AdaptiveLimiter; clock: FakeClock } {
  const clock = fakeClock();
  const settingsOf = (): LimitSettings => settings;
  return { clock, limiter: adaptiveLimiter({ clock, settingsOf, concurrency: 20, maxWait: 600_000 }) };
}

const ask = (limiter: AdaptiveLimiter, kind: RequestClass = 'read', origin = ORIGIN): Promise<Permit> =>
  limiter.acquire({ origin, lane: 'small', class: kind }, forever);

/** Sends requests one after another, each answered within 5 ms, and tells how many went within `ms`. */
async function flow(
  limiter: AdaptiveLimiter,
  clock: FakeClock,
  ms: number,
  kind?: RequestClass,
  answer: Answer = { status: 200 },
): Promise<number> {
  const end = clock.now() + ms;
  let sent = 0;
  const keepSending = async (): Promise<void> => {
    for (;;) {
      const permit = await ask(limiter, kind);
      await clock.wait(1);
      if (clock.now() <= end) permit.answered(answer);
      permit.release();
      if (clock.now() > end) return;
      sent += 1;
    }
  };
  void keepSending();
  while (clock.now() < end) {
    await setImmediate();
    await clock.advance(5);
  }
  return sent;
}

describe('src/ratelimit/adaptive-limiter.ts', () => {
  it('starts at 60 requests a second, for Google at 75, and grows while the rate is used up', async () => {
    const { limiter } = opened();
    await ask(limiter);
    await ask(limiter, 'read', 'https://europe-docker.pkg.dev');
    expect(limiter.readings().map(({ group, rate }) => [group, rate])).toEqual([
      [ORIGIN, 60],
      ['google', 75],
    ]);
    const other = opened();
    expect(await flow(other.limiter, other.clock, 3000)).toBeGreaterThan(180);
  });

  it('obeys a configured rate while the limit is unknown', async () => {
    const slow = opened({ ceiling: 20 });
    expect(await flow(slow.limiter, slow.clock, 3000)).toBeLessThanOrEqual(70);
    const free = opened();
    expect(await flow(free.limiter, free.clock, 3000)).toBeGreaterThan(450);
  });

  it('uses one quota for all Google hosts', async () => {
    const { limiter } = opened();
    for (const host of ['gcr.io', 'eu.gcr.io', 'us-docker.pkg.dev', 'gcr.io.evil.example']) {
      void ask(limiter, 'read', `https://${host}`);
    }
    await setImmediate();
    expect(limiter.readings().map(({ group }) => group)).toEqual(['google', 'https://gcr.io.evil.example']);
    const google = ['https://gcr.io', 'https://eu.gcr.io', 'https://us-docker.pkg.dev'];
    expect(limiter.readings()[0]?.origins).toEqual(google);
  });

  it('pauses the whole origin for as long as the registry orders', async () => {
    const { limiter, clock } = opened();
    const permit = await ask(limiter, 'list');
    permit.answered({ status: 429, pause: 5000 });
    permit.release();
    let went = false;
    void ask(limiter, 'write').then(() => (went = true));
    await clock.advance(4900);
    expect(went).toBe(false);
    await clock.advance(5000);
    expect(went).toBe(true);
  });

  it('rejects requests that would wait too long, with the end of the pause, and no others', async () => {
    const { limiter, clock } = opened();
    const permit = await ask(limiter);
    const waiting = ask(limiter);
    permit.answered({ status: 429, pause: 3_600_000 });
    await expect(waiting).rejects.toMatchObject({
      code: 'PAUSED_TOO_LONG',
      message: expect.stringContaining(new Date(clock.now() + 3_600_000).toISOString()) as string,
    });
    await expect(ask(limiter)).rejects.toMatchObject({ code: 'PAUSED_TOO_LONG' });
    expect(await ask(limiter, 'read', 'https://other.example')).toBeDefined();
  });

  it('cuts only the class that is refused while others are admitted', async () => {
    const { limiter, clock } = opened();
    await flow(limiter, clock, 2000, 'read');
    const before = limiter.readings()[0]?.rate ?? 0;
    const refusedFlow = flow(limiter, clock, 1000, 'token', { status: 429 });
    await flow(limiter, clock, 1000, 'read');
    expect(await refusedFlow).toBeLessThan(40);
    expect(limiter.readings()[0]?.rate).toBeGreaterThanOrEqual(before);
  });

  it('cuts the origin when several classes are refused in turn', async () => {
    const { limiter, clock } = opened();
    await flow(limiter, clock, 2000, 'read');
    const before = limiter.readings()[0]?.rate ?? 0;
    for (const kind of ['write', 'read'] as const) {
      const permit = await Promise.race([ask(limiter, kind), clock.advance(1000).then(() => ask(limiter, kind))]);
      permit.answered({ status: 429 });
      permit.release();
    }
    expect(limiter.readings()[0]?.rate).toBeLessThan(before / 2);
    // The class that was refused first is not held back for longer than the others.
    const writes = flow(limiter, clock, 3000, 'write');
    const reads = await flow(limiter, clock, 3000, 'read');
    expect(Math.abs((await writes) - reads)).toBeLessThan(reads / 2);
  });

  it('cuts the origin when no other class is admitted', async () => {
    const { limiter, clock } = opened();
    await flow(limiter, clock, 2000);
    const before = limiter.readings()[0]?.rate ?? 0;
    const asked = ask(limiter);
    await clock.advance(1000);
    const permit = await asked;
    permit.answered({ status: 429 });
    permit.release();
    expect(limiter.readings()[0]?.rate).toBeLessThan(before / 2);
    expect(limiter.readings()[0]?.refused).toBe(1);
  });

  it('slows down when a quarter of the requests fail, but never stops', async () => {
    const { limiter, clock } = opened();
    await flow(limiter, clock, 2000);
    const before = limiter.readings()[0]?.rate ?? 0;
    for (let count = 0; count < 60; count += 1) {
      const permit = await Promise.race([ask(limiter), clock.advance(1000).then(() => ask(limiter))]);
      permit.answered({ status: count % 3 === 0 ? 500 : 200 });
      permit.release();
    }
    expect(limiter.readings()[0]?.rate).toBeLessThan(before);
  });

  it('rejects a waiting request when it is aborted', async () => {
    const { limiter } = opened();
    await ask(limiter);
    const controller = new AbortController();
    const waiting = limiter.acquire({ origin: ORIGIN, lane: 'small', class: 'read' }, controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  it('delays uploads without delaying small requests', async () => {
    const { limiter, clock } = opened({ start: 1000, burst: 100 });
    const uploads = Array.from({ length: 30 }, () =>
      limiter.acquire({ origin: ORIGIN, lane: 'upload', class: 'write' }, forever),
    );
    for (const upload of uploads) void upload.then((permit) => permit.answered({ status: 201 }));
    await clock.advance(2000);
    let went = false;
    void ask(limiter).then(() => (went = true));
    await clock.advance(100);
    expect(went).toBe(true);
  });

  it('reports each pause once, and none that is shorter than a second', async () => {
    const clock = fakeClock();
    const told: unknown[] = [];
    const onPause = (...pause: readonly unknown[]): void => void told.push(pause);
    const settingsOf = (): LimitSettings => ({ start: 1000, burst: 100 });
    const limiter = adaptiveLimiter({ clock, settingsOf, concurrency: 20, maxWait: 600_000, onPause });
    await flow(limiter, clock, 1000);
    const permits: Permit[] = [];
    for (let count = 0; count < 3; count += 1) void ask(limiter).then((permit) => permits.push(permit));
    await clock.advance(1000);
    expect(permits).toHaveLength(3);
    permits[0]?.answered({ status: 429, pause: 500 });
    expect(told).toEqual([]);
    permits[1]?.answered({ status: 429, pause: 30_000 });
    const until = clock.now() + 30_000;
    await clock.advance(20);
    permits[2]?.answered({ status: 429, pause: 30_000 });
    expect(told).toEqual([[ORIGIN, until]]);
  });
});

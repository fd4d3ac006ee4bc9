import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { adaptiveBucket } from './adaptive/bucket.ts';
import { adaptiveLimiter, type BucketFactory, type LimitSettings } from './adaptive-limiter.ts';
import { keepRates, restoreRates, type LearnedRate } from './kept-rates.ts';

const ORIGIN = 'https://registry.example';
const NOW = Date.UTC(2026, 0, 1, 12);
const DAY = 24 * 3_600_000;
const LEARNED: readonly LearnedRate[] = [
  { group: ORIGIN, rate: 94, limit: 100 },
  { group: 'google', rate: 480 },
];

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const kept = (change: object): Uint8Array =>
  bytes({ ...(JSON.parse(new TextDecoder().decode(keepRates(LEARNED, 'a', NOW))) as object), ...change });

describe('src/ratelimit/kept-rates.ts', () => {
  it('returns the rates that an earlier run kept', () => {
    const { rates, ignored } = restoreRates(keepRates(LEARNED, 'a', NOW), 'a', NOW + DAY);
    expect(ignored).toBeUndefined();
    expect([...rates.values()]).toEqual(LEARNED.map((one) => ({ ...one, at: NOW })));
  });

  it('keeps the rates of earlier runs with their age, and drops each when it is old', () => {
    const { rates } = restoreRates(keepRates(LEARNED, 'a', NOW), 'a', NOW);
    const second = keepRates([{ group: 'google', rate: 500 }], 'a', NOW + 2 * DAY, rates);
    const of = (now: number): unknown => [...restoreRates(second, 'a', now).rates.values()];
    const google = { group: 'google', rate: 500, at: NOW + 2 * DAY };
    expect(of(NOW + 3 * DAY)).toEqual([google, { ...LEARNED[0], at: NOW }]);
    expect(of(NOW + 4 * DAY)).toEqual([google]);
  });

  it.each([
    ['not valid JSON', new TextEncoder().encode('{"version":1,')],
    ['not valid JSON', Uint8Array.of(0xff, 0xfe)],
    ['not a file of learned rates of version 1', bytes([])],
    ['not a file of learned rates of version 1', kept({ version: 2 })],
    ['not a file of learned rates of version 1', kept({ more: true })],
    ['not a file of learned rates of version 1', kept({ rates: [{ group: ORIGIN, at: NOW, rate: 1e9 }] })],
    ['not a file of learned rates of version 1', kept({ rates: [{ group: ORIGIN, at: NOW, rate: -1 }] })],
    ['not a file of learned rates of version 1', kept({ rates: [{ group: ORIGIN, at: NOW, rate: null }] })],
    ['learned with other configured limits', kept({ configuration: 'b' })],
    ['written in the future', keepRates(LEARNED, 'a', NOW + DAY)],
    ['older than three days', keepRates(LEARNED, 'a', NOW - 4 * DAY)],
  ])('ignores a file that is %s', (reason, content) => {
    expect(restoreRates(content, 'a', NOW)).toEqual({ rates: new Map(), ignored: reason });
  });

  it('keeps no rate that it would not read', () => {
    const absurd = [
      { group: 'a', rate: Number.POSITIVE_INFINITY },
      { group: 'b', rate: 50, limit: Number.NaN },
    ];
    expect([...restoreRates(keepRates(absurd, '', NOW), '', NOW).rates.values()]).toEqual([
      { group: 'b', rate: 50, at: NOW },
    ]);
  });
});

describe('src/ratelimit/adaptive-limiter.ts with restored rates', () => {
  const opened = async (restored: LearnedRate, settings: LimitSettings = {}): Promise<number | undefined> => {
    const options = { clock: fakeClock(), concurrency: 20, maxWait: 1000, settingsOf: () => settings };
    const limiter = adaptiveLimiter({ ...options, restored: new Map([[ORIGIN, restored]]) });
    await limiter.acquire({ origin: ORIGIN, lane: 'small', class: 'read' }, new AbortController().signal);
    return limiter.readings()[0]?.rate;
  };

  it('begins just under a restored limit, and with a restored rate', async () => {
    expect(await opened({ group: ORIGIN, rate: 94, limit: 100 })).toBeCloseTo(94);
    expect(await opened({ group: ORIGIN, rate: 480 })).toBe(480);
  });

  it('does not apply the limit of all classes to one that is refused alone', async () => {
    const clock = fakeClock();
    const limits = new Map<string, number | undefined>();
    const bucketOf: BucketFactory = (name, settings) => {
      limits.set(name, settings.limit);
      return adaptiveBucket(settings, clock.now());
    };
    const restored = new Map([[ORIGIN, { group: ORIGIN, rate: 94, limit: 100 }]]);
    const limiter = adaptiveLimiter({ clock, concurrency: 20, maxWait: 1000, bucketOf, restored });
    const request = async (kind: 'read' | 'list', status: number): Promise<void> => {
      const want = { origin: ORIGIN, lane: 'small', class: kind } as const;
      const acquired = limiter.acquire(want, new AbortController().signal);
      await clock.advance(100);
      (await acquired).answered({ status });
    };
    await request('read', 200);
    await request('list', 429);
    expect([...limits]).toEqual([
      [ORIGIN, 100],
      [`${ORIGIN} list`, undefined],
    ]);
  });

  it('never begins above the configured ceiling', async () => {
    expect(await opened({ group: ORIGIN, rate: 900, limit: 1000 }, { ceiling: 80 })).toBe(80);
    expect(await opened({ group: ORIGIN, rate: 900 }, { ceiling: 80 })).toBe(80);
  });
});

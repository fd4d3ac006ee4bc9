import { describe, expect, it } from 'vitest';
import {
  bucketQuota,
  minuteQuota,
  simulate,
  sumOf,
  type Quota,
  type SimulationSpec,
} from '../../../test/support/rate-simulation.ts';
import { adaptiveBucket, type AdaptiveBucket } from './bucket.ts';
import type { Verdict } from './rate-learning.ts';

/** `bench/scenarios/ratelimit.ts` measures more. */
const QUOTAS = [10, 60, 250, 1000];

/** How a registry may count: a second's burst, and one of 100 ms or at least one request. */
const DEEP = (rate: number): number => rate;
const SHALLOW = (rate: number): number => Math.max(1, rate / 10);

const steady = (rate: number, burst: (rate: number) => number): Quota => bucketQuota(() => rate, burst);

/** What so many connections can send at all, at round trips of 42.5 ms on average. */
const reachable = (quota: number, concurrency: number): number => Math.min(quota, (concurrency / 0.0425) * 0.97);

/** Searches follow each other the faster the higher the quota is: as many fit into less time. */
const lengthOf = (quota: number): number => (quota < 250 ? 60 : 30);

type Worst = { readonly share: number; readonly late: number; readonly early: number };

/**
 * The worse of few and many connections: the share of the quota and of refusals after ten seconds, and of refusals
 * within them.
 */
function worst(quota: number, spec: Partial<SimulationSpec>, open: () => Quota, seconds = lengthOf(quota)): Worst {
  // Of the highest quota few connections reach only half: no search, and no refusal.
  const runs = (quota === 1000 ? [64] : [20, 64]).map((concurrency) => {
    const { admitted, refused } = simulate({ quota: open(), seconds, seed: 1, concurrency, ...spec });
    const refusals = (from: number, to: number): number =>
      sumOf(refused, from, to) / (sumOf(refused, from, to) + sumOf(admitted, from, to));
    const share = sumOf(admitted, 10, seconds) / (seconds - 10) / reachable(quota, concurrency);
    return { share, late: refusals(10, seconds), early: refusals(0, 10) };
  });
  return {
    share: Math.min(...runs.map(({ share }) => share)),
    late: Math.max(...runs.map(({ late }) => late)),
    early: Math.max(...runs.map(({ early }) => early)),
  };
}

function expectGood({ share, late, early }: Worst, least = 0.9): void {
  expect(share).toBeGreaterThanOrEqual(least);
  expect(late).toBeLessThanOrEqual(0.02);
  expect(early).toBeLessThanOrEqual(0.05);
}

const opened = (start: number, burst = 10, ceiling = 100_000): AdaptiveBucket =>
  adaptiveBucket({ start, floor: 1, ceiling, burst }, 0);

describe('src/ratelimit/adaptive/bucket.ts', () => {
  for (const quickRefusals of [true, false]) {
    const answers = quickRefusals ? 'at once' : 'as slowly as it admits';
    it.each(QUOTAS)(`reaches nine tenths of %i/s with a burst of a second, refused ${answers}`, (quota) => {
      expectGood(worst(quota, { quickRefusals }, () => steady(quota, DEEP)));
    });

    it.each(QUOTAS)(`reaches nine tenths of %i/s with a burst of 100 ms, refused ${answers}`, (quota) => {
      expectGood(worst(quota, { quickRefusals }, () => steady(quota, SHALLOW)));
    });
  }

  it.each([10, 60, 100])('reaches nine tenths of %i/s in a busy process, whose timers fire late', (quota) => {
    for (const burst of [DEEP, SHALLOW])
      expectGood(worst(quota, { quickRefusals: true, lateness: 20 }, () => steady(quota, burst)));
  });

  // Without any burst only even spacing is admitted: nobody keeps that up with timers and networks as they are, above 250/s.
  it.each([10, 60, 250])('reaches nine tenths of %i/s without any burst, on exact timers', (quota) => {
    expectGood(worst(quota, { exact: true, quickRefusals: true }, () => steady(quota, () => 1)));
  });

  it.each(QUOTAS)('uses most of %i/s when each refusal orders a pause of a second', (quota) => {
    expect(worst(quota, { pause: 1000 }, () => steady(quota, DEEP), 90).share).toBeGreaterThanOrEqual(0.9);
    // The pause itself lets the registry's bucket run over: what is lost then cannot be had.
    expect(worst(quota, { pause: 1000 }, () => steady(quota, SHALLOW), 90).share).toBeGreaterThanOrEqual(0.85);
  });

  it.each([30, 250])('adapts to a fourfold change of %i/s within 15 s', (quota) => {
    for (const burst of [DEEP, SHALLOW]) {
      for (const [before, after] of [[quota, quota * 4] as const, [quota * 4, quota] as const]) {
        for (const at of [12, 18]) {
          const stepped = bucketQuota((now) => (now < at * 1000 ? before : after), burst);
          const { admitted, refused } = simulate({
            quota: stepped,
            seconds: at + 27,
            seed: at,
            concurrency: 64,
            quickRefusals: true,
          });
          const got = sumOf(admitted, at + 15, at + 27);
          expect(got / 12 / after).toBeGreaterThanOrEqual(0.9);
          expect(sumOf(refused, at + 15, at + 27) / got).toBeLessThanOrEqual(0.02);
        }
      }
    }
  });

  it.each([10, 60, 250])('uses a quota of %i/s that is counted per minute', (quota) => {
    for (const concurrency of [20, 64]) {
      const { admitted, refused } = simulate({
        quota: minuteQuota(quota * 60),
        seconds: 240,
        seed: 1,
        concurrency,
        quickRefusals: true,
      });
      for (let minute = 0; minute < 4; minute += 1) {
        const got = sumOf(admitted, minute * 60, minute * 60 + 60);
        expect(got / 60 / reachable(quota, concurrency)).toBeGreaterThanOrEqual(0.9);
        // That it is a window shows in its second minute.
        const over = sumOf(refused, minute * 60, minute * 60 + 60) / got;
        expect(over).toBeLessThanOrEqual(minute < 2 ? 0.05 : 0.02);
      }
    }
  });

  it('increases its burst from 1 with each response', () => {
    const bucket = opened(1000, 3);
    const first = bucket.take(0);
    expect(bucket.wait(100)).toBeGreaterThan(0);
    bucket.answered('admitted', first, 100);
    expect(bucket.wait(100)).toBe(0);
  });

  it('waits at most a second for a request without a response', () => {
    const bucket = opened(60);
    bucket.take(0);
    expect(bucket.wait(500)).toBe(500);
    expect(bucket.wait(1000)).toBe(0);
  });

  it('cuts once for all refusals of one round trip', () => {
    const bucket = opened(60);
    const marks = [0, 1000, 2000, 3000].map((at) => bucket.take(at));
    bucket.answered('refused', marks[0] ?? bucket.take(0), 4000);
    const rate = bucket.rate(4000);
    for (const mark of marks.slice(1)) bucket.answered('refused', mark, 4000);
    expect(bucket.rate(4000)).toBe(rate);
    expect(rate).toBeLessThan(60);
  });

  it('probes less and less while nothing is admitted, then continues at the admitted rate', () => {
    const bucket = opened(60);
    const waits: number[] = [];
    let now = 0;
    for (let tries = 0; tries < 12; tries += 1) {
      now += bucket.wait(now);
      bucket.hungry(true, now);
      const mark = bucket.take(now);
      bucket.answered('refused', mark, (now += 10));
      waits.push(Math.round(bucket.wait(now)));
    }
    expect(waits.slice(1)).toEqual(waits.slice(1).toSorted((one, other) => one - other));
    expect(waits.at(-1)).toBe(5000);
    expect(bucket.rate(now)).toBeLessThan(60);
  });

  it('grows only while requests wait only for its rate', () => {
    const bucket = opened(60);
    bucket.hungry(false, 0);
    expect(bucket.rate(5000)).toBe(60);
    bucket.hungry(true, 5000);
    expect(bucket.rate(6000)).toBe(120);
    // The one request that may go is not answered: that it is slow says nothing about the rate.
    bucket.take(6000);
    expect(bucket.rate(9000)).toBe(120);
  });

  it('doubles its rate with round trips before the first refusal, once its burst is open', () => {
    const bucket = adaptiveBucket({ start: 60, floor: 1, ceiling: 100_000, burst: 2 }, 0);
    bucket.hungry(true, 0);
    let now = 0;
    const ask = (verdict: Verdict): number => {
      now += bucket.wait(now);
      const mark = bucket.take(now);
      now += 10;
      bucket.answered(verdict, mark, now);
      return bucket.rate(now);
    };
    // The burst grows from 1 by a third with each response.
    for (let count = 0; count < 4; count += 1) ask('admitted');
    const [before, since] = [bucket.rate(now), now];
    expect(before).toBeLessThan(80);
    expect(bucket.rate(since + 120)).toBeCloseTo(2 * before);
    now = since + 120;
    const cut = ask('refused');
    expect(bucket.rate(now + 120)).toBeLessThan(1.1 * cut);
  });

  it('sends 1,000 requests of 20 ms within 2 s where nothing limits it, and is refused little by 50/s', () => {
    const spec = { seed: 1, concurrency: 20, roundTrips: [16, 24] } as const;
    const { lastAt } = simulate({ ...spec, quota: { admit: () => true }, seconds: 10, stopAfter: 1000 });
    expect(lastAt).toBeLessThan(2000);
    const { admitted, refused } = simulate({ ...spec, quota: steady(50, DEEP), seconds: 10 });
    expect(sumOf(refused, 0, 10) / sumOf(admitted, 0, 10)).toBeLessThanOrEqual(0.025);
  });

  it('halves the rate when the registry fails', () => {
    const bucket = opened(60);
    bucket.answered('failing', bucket.take(0), 100);
    expect(bucket.rate(100)).toBe(30);
  });

  it('never exceeds its ceiling or the promised rate', () => {
    const bucket = opened(60, 10, 50);
    expect(bucket.rate(0)).toBe(50);
    bucket.advertise(20, 0);
    expect(bucket.rate(0)).toBe(20);
    bucket.advertise(undefined, 0);
    expect(bucket.rate(0)).toBe(50);
  });
});

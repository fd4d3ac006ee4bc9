import { describe, expect, it } from 'vitest';
import {
  bucketQuota,
  minuteQuota,
  simulate,
  sumOf,
  type Quota,
  type Simulation,
} from '../../test/support/rate-simulation.ts';
import { adaptiveBucket } from './adaptive-bucket.ts';

const QUOTAS = [10, 30, 60, 100, 250, 500, 1000];
const SEEDS = [1, 2, 3];

/** What one client of 20 connections can send at all, at round trips of 42.5 ms. */
const reachable = (quota: number): number => Math.min(quota, (20 / 0.0425) * 0.97);

/** The worst of some seeds: the share of the quota and of refusals after ten seconds, and of refusals within them. */
function worst(quota: number, open: () => Quota, seconds = 60): { share: number; late: number; early: number } {
  const runs = SEEDS.map((seed) => simulate({ quota: open(), seconds, seed, concurrency: 20 }));
  const refusals = ({ admitted, refused }: Simulation, from: number, to: number): number =>
    sumOf(refused, from, to) / (sumOf(refused, from, to) + sumOf(admitted, from, to));
  return {
    share: Math.min(...runs.map(({ admitted }) => sumOf(admitted, 10, seconds) / (seconds - 10) / reachable(quota))),
    late: Math.max(...runs.map((run) => refusals(run, 10, seconds))),
    early: Math.max(...runs.map((run) => refusals(run, 0, 10))),
  };
}

describe('src/ratelimit/adaptive-bucket.ts', () => {
  it.each(QUOTAS)('reaches nine tenths of a quota of %i/s with a burst of a second', (quota) => {
    const { share, late, early } = worst(quota, () =>
      bucketQuota(
        () => quota,
        (rate) => rate,
      ),
    );
    expect(share).toBeGreaterThanOrEqual(0.9);
    expect(late).toBeLessThanOrEqual(0.02);
    expect(early).toBeLessThanOrEqual(0.075);
  });

  it.each(QUOTAS.slice(1))('reaches nine tenths of a quota of %i/s with a burst of 100 ms', (quota) => {
    const { share, late, early } = worst(quota, () =>
      bucketQuota(
        () => quota,
        (rate) => Math.max(1, rate / 10),
      ),
    );
    expect(share).toBeGreaterThanOrEqual(0.9);
    expect(late).toBeLessThanOrEqual(0.02);
    expect(early).toBeLessThanOrEqual(0.05);
  });

  it.each([
    [60, 240],
    [240, 60],
  ])('follows a quota that goes from %i/s to %i/s within 15 s', (before, after) => {
    const rateAt = (now: number): number => (now < 30_000 ? before : after);
    for (const seed of SEEDS) {
      const quota = bucketQuota(rateAt, (rate) => rate);
      const { admitted } = simulate({ quota, seconds: 75, seed, concurrency: 20 });
      expect(sumOf(admitted, 45, 75) / 30 / after).toBeGreaterThanOrEqual(0.9);
    }
  });

  it('uses most of a quota that is counted by the minute', () => {
    const { admitted } = simulate({ quota: minuteQuota(1800), seconds: 300, seed: 1, concurrency: 20 });
    expect(sumOf(admitted, 60, 300) / 4 / 1800).toBeGreaterThanOrEqual(0.9);
  });

  it('opens its burst from 1 with every answer', () => {
    const bucket = adaptiveBucket({ start: 1000, floor: 1, ceiling: 1000, burst: 3 }, 0);
    const first = bucket.take(0);
    expect(bucket.wait(100)).toBe(Number.POSITIVE_INFINITY);
    bucket.answered('admitted', first, 100);
    expect(bucket.wait(200)).toBe(0);
  });

  it('never exceeds its ceiling, nor what the registry promises', () => {
    const bucket = adaptiveBucket({ start: 60, floor: 1, ceiling: 50, burst: 10 }, 0);
    expect(bucket.rate(0)).toBe(50);
    bucket.advertise(20, 0);
    expect(bucket.rate(0)).toBe(20);
  });
});

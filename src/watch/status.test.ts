import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../test/support/fake-clock.ts';
import type { RunEvent } from '../events.ts';
import { statusLine } from './status-line.ts';
import { trackStatus } from './status.ts';

const READINGS = [
  { group: 'google', origins: ['https://a-docker.pkg.dev', 'https://gcr.io'], rate: 75 },
  { group: 'https://registry.example', origins: ['https://registry.example'], rate: 60.4 },
];

function watched() {
  const clock = fakeClock();
  const tracker = trackStatus(clock, () => READINGS);
  const tell = (...events: readonly RunEvent[]): void => events.forEach(tracker.narrate);
  const request = (origin: string, times = 1): void =>
    tell(
      ...Array.from({ length: times }, (): RunEvent => ({
        type: 'request',
        method: 'GET',
        url: `${origin}/v2/`,
        status: 200,
        ms: 1,
      })),
    );
  return { clock, tell, request, status: tracker.status };
}

describe('src/watch/status.ts', () => {
  it('has an empty status at first', () => {
    expect(watched().status()).toEqual({
      elapsed: 0,
      isStopping: false,
      bytes: 0,
      bytesPerSecond: 0,
      failures: 0,
      registries: [],
      warnings: [],
    });
  });

  it('counts requests of hosts that share a rate together, over the last five seconds', async () => {
    const { clock, request, tell, status } = watched();
    await clock.advance(10_000);
    request('https://gcr.io', 10);
    await clock.advance(1000);
    request('https://a-docker.pkg.dev', 10);
    request('https://registry.example', 5);
    request('https://storage.example', 30);
    tell({ type: 'bytes', origin: 'https://gcr.io', bytes: 5000 });
    expect(status()).toMatchObject({
      bytes: 5000,
      bytesPerSecond: 1000,
      registries: [
        { name: 'google', perSecond: 4, limit: 75 },
        { name: 'registry.example', perSecond: 1, limit: 60.4 },
        { name: 'storage.example', perSecond: 6 },
      ],
    });
    await clock.advance(4000);
    expect(status().registries.find(({ name }) => name === 'google')?.perSecond).toBe(2);
    await clock.advance(1000);
    expect(status()).toMatchObject({ bytes: 5000, bytesPerSecond: 0, registries: [] });
  });

  it('shows a paused registry until the pause ends', async () => {
    const { clock, tell, status } = watched();
    const until = clock.now() + 60_000;
    tell({ type: 'registry-paused', registry: 'google', until: new Date(until).toISOString() });
    expect(status().registries).toEqual([{ name: 'google', perSecond: 0, limit: 75, pausedUntil: until }]);
    await clock.advance(60_000);
    expect(status().registries).toEqual([]);
  });

  it('estimates the time left once enough is done', async () => {
    const { clock, tell, status } = watched();
    tell({ type: 'phase-started', phase: 'promote', index: 5, of: 7 });
    tell({ type: 'progress', unit: 'images', done: 0, total: 12, failed: 0 });
    await clock.advance(6000);
    tell({ type: 'progress', unit: 'images', done: 2, total: 12, failed: 0 });
    expect(status().left).toBeUndefined();
    tell({ type: 'progress', unit: 'images', done: 3, total: 12, failed: 1 });
    expect(status()).toMatchObject({ left: 18_000, progress: { done: 3, total: 12, failed: 1 } });
    tell({ type: 'phase-started', phase: 'sign', index: 6, of: 7 });
    expect(status()).toMatchObject({ phase: { name: 'sign', index: 6, of: 7 } });
    expect(status().progress).toBeUndefined();
    expect(status().left).toBeUndefined();
  });

  it('counts bytes if they are known, also of an image in progress', async () => {
    const { clock, tell, status } = watched();
    tell({ type: 'bytes', origin: 'https://gcr.io', bytes: 70 });
    tell({ type: 'progress', unit: 'images', done: 0, total: 2, failed: 0, bytes: { done: 0, total: 1000 } });
    tell({ type: 'bytes', origin: 'https://gcr.io', bytes: 250 });
    await clock.advance(5_000);
    expect(status()).toMatchObject({ progress: { done: 0, bytes: { done: 250, total: 1000 } }, left: 15_000 });
    tell({ type: 'progress', unit: 'images', done: 1, total: 2, failed: 0, bytes: { done: 600, total: 1000 } });
    expect(status().progress?.bytes?.done).toBe(600);
    tell({ type: 'bytes', origin: 'https://gcr.io', bytes: 5_000 });
    expect(status().progress?.bytes?.done).toBe(1000);
  });

  it('ignores progress after a stop', () => {
    const { tell, status } = watched();
    tell({ type: 'progress', unit: 'images', done: 8, total: 40, failed: 0 });
    tell({ type: 'stopping', reason: 'stopped by SIGINT' });
    tell({ type: 'progress', unit: 'images', done: 38, total: 40, failed: 30 });
    expect(status()).toMatchObject({ isStopping: true, progress: { done: 8, failed: 0 } });
    expect(status().left).toBeUndefined();
  });

  it('keeps the start of the last two warnings and errors only', () => {
    const { tell, status } = watched();
    for (const message of ['a', 'b', 'c'.repeat(5000)]) tell({ type: 'log', level: 'warning', message });
    tell({ type: 'log', level: 'info', message: 'd' });
    expect(status().warnings).toEqual(['b', 'c'.repeat(1000)]);
  });
});

describe('src/watch/status-line.ts', () => {
  it('logs the status on one line, with its facts as fields', async () => {
    const { clock, tell, request, status } = watched();
    tell({ type: 'phase-started', phase: 'promote', index: 5, of: 7 });
    tell({ type: 'progress', unit: 'images', done: 0, total: 230, failed: 0 });
    await clock.advance(30_000);
    tell({ type: 'progress', unit: 'images', done: 23, total: 230, failed: 1 });
    tell({ type: 'failed', phase: 'promote', code: 'DENIED', message: 'no' });
    tell({ type: 'bytes', origin: 'https://gcr.io', bytes: 50 * 1024 * 1024 });
    for (const name of ['gcr.io', 'registry.example', 'c.example', 'd.example']) request(`https://${name}`, 25);
    expect(statusLine(status())).toEqual({
      type: 'log',
      level: 'info',
      message:
        'Still in promote (5/7) after 30s: 23/230 images, 1 failed, 10.0 MiB/s, 4m30s left, c.example 5/s, d.example 5/s, google 5/s of 75/s, 1 more registry',
      fields: {
        phase: 'promote',
        done: 23,
        total: 230,
        unit: 'images',
        leftMs: 270_000,
        failures: 1,
        bytes: 52_428_800,
        bytesPerSecond: 10_485_760,
        requestsPerSecond: 20,
      },
    });
  });

  it('logs a status before the first phase', () => {
    expect(statusLine(watched().status()).message).toBe('Still starting after 0s: 0 B/s');
  });
});

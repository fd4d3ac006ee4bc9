import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../test/support/fake-clock.ts';
import type { RunEvent } from '../events.ts';
import { standingLine } from './sentence.ts';
import { trackStanding } from './standing.ts';

const READINGS = [
  { group: 'google', origins: ['https://a-docker.pkg.dev', 'https://gcr.io'], rate: 75 },
  { group: 'https://registry.example', origins: ['https://registry.example'], rate: 60.4 },
];

function watched() {
  const clock = fakeClock();
  const tracker = trackStanding(clock, () => READINGS);
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
  return { clock, tell, request, standing: tracker.standing };
}

describe('src/watch/standing.ts', () => {
  it('knows nothing at first', () => {
    expect(watched().standing()).toEqual({
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
    const { clock, request, tell, standing } = watched();
    await clock.advance(10_000);
    request('https://gcr.io', 10);
    await clock.advance(1000);
    request('https://a-docker.pkg.dev', 10);
    request('https://registry.example', 5);
    request('https://storage.example', 30);
    tell({ type: 'bytes', origin: 'https://gcr.io', bytes: 5000 });
    expect(standing()).toMatchObject({
      bytes: 5000,
      bytesPerSecond: 1000,
      registries: [
        { name: 'google', perSecond: 4, limit: 75 },
        { name: 'registry.example', perSecond: 1, limit: 60.4 },
        { name: 'storage.example', perSecond: 6 },
      ],
    });
    await clock.advance(4000);
    expect(standing().registries.find(({ name }) => name === 'google')?.perSecond).toBe(2);
    await clock.advance(1000);
    expect(standing()).toMatchObject({ bytes: 5000, bytesPerSecond: 0, registries: [] });
  });

  it('says which registry asked for silence, while it lasts', async () => {
    const { clock, tell, standing } = watched();
    const until = clock.now() + 60_000;
    tell({ type: 'registry-paused', registry: 'google', until: new Date(until).toISOString() });
    expect(standing().registries).toEqual([{ name: 'google', perSecond: 0, limit: 75, pausedUntil: until }]);
    await clock.advance(60_000);
    expect(standing().registries).toEqual([]);
  });

  it('estimates what is left from the pace of the phase, once there is one', async () => {
    const { clock, tell, standing } = watched();
    tell({ type: 'phase-started', phase: 'promote', index: 5, of: 7 });
    tell({ type: 'progress', unit: 'images', done: 0, total: 12, failed: 0 });
    await clock.advance(6000);
    tell({ type: 'progress', unit: 'images', done: 2, total: 12, failed: 0 });
    expect(standing().left).toBeUndefined();
    tell({ type: 'progress', unit: 'images', done: 3, total: 12, failed: 1 });
    expect(standing()).toMatchObject({ left: 18_000, progress: { done: 3, total: 12, failed: 1 } });
    tell({ type: 'phase-started', phase: 'sign', index: 6, of: 7 });
    expect(standing()).toMatchObject({ phase: { name: 'sign', index: 6, of: 7 } });
    expect(standing()).not.toHaveProperty('progress');
    expect(standing()).not.toHaveProperty('left');
  });

  it('counts bytes where they are known, also of an image that is still under way', async () => {
    const { clock, tell, standing } = watched();
    tell({ type: 'bytes', origin: 'https://gcr.io', bytes: 70 });
    tell({ type: 'progress', unit: 'images', done: 0, total: 2, failed: 0, bytes: { done: 0, total: 1000 } });
    tell({ type: 'bytes', origin: 'https://gcr.io', bytes: 250 });
    await clock.advance(5_000);
    expect(standing()).toMatchObject({ progress: { done: 0, bytes: { done: 250, total: 1000 } }, left: 15_000 });
    tell({ type: 'progress', unit: 'images', done: 1, total: 2, failed: 0, bytes: { done: 600, total: 1000 } });
    expect(standing().progress?.bytes?.done).toBe(600);
    tell({ type: 'bytes', origin: 'https://gcr.io', bytes: 5_000 });
    expect(standing().progress?.bytes?.done).toBe(1000);
  });

  it('takes what a stopped run gives up for no progress', () => {
    const { tell, standing } = watched();
    tell({ type: 'progress', unit: 'images', done: 8, total: 40, failed: 0 });
    tell({ type: 'stopping', reason: 'stopped by SIGINT' });
    tell({ type: 'progress', unit: 'images', done: 38, total: 40, failed: 30 });
    expect(standing()).toMatchObject({ isStopping: true, progress: { done: 8, failed: 0 } });
    expect(standing()).not.toHaveProperty('left');
  });

  it('keeps the start of the last two warnings and errors only', () => {
    const { tell, standing } = watched();
    for (const message of ['a', 'b', 'c'.repeat(5000)]) tell({ type: 'log', level: 'warning', message });
    tell({ type: 'log', level: 'info', message: 'd' });
    expect(standing().warnings).toEqual(['b', 'c'.repeat(1000)]);
  });
});

describe('src/watch/sentence.ts', () => {
  it('says in one line how a run stands, and gives its facts apart', async () => {
    const { clock, tell, request, standing } = watched();
    tell({ type: 'phase-started', phase: 'promote', index: 5, of: 7 });
    tell({ type: 'progress', unit: 'images', done: 0, total: 230, failed: 0 });
    await clock.advance(30_000);
    tell({ type: 'progress', unit: 'images', done: 23, total: 230, failed: 1 });
    tell({ type: 'failed', phase: 'promote', code: 'DENIED', message: 'no' });
    tell({ type: 'bytes', origin: 'https://gcr.io', bytes: 50 * 1024 * 1024 });
    for (const name of ['gcr.io', 'registry.example', 'c.example', 'd.example']) request(`https://${name}`, 25);
    expect(standingLine(standing())).toEqual({
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

  it('has something to say before the first phase', () => {
    expect(standingLine(watched().standing()).message).toBe('Still starting after 0s: 0 B/s');
  });
});

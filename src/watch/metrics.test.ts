import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { numbersOf } from '../../test/support/prometheus.ts';
import type { RunEvent } from '../events.ts';
import { serveMetrics } from './metrics-server.ts';
import { countMetrics } from './metrics.ts';

const IMAGE = { image: 'app', digest: 'sha256:abc' };
const UNTIL = Date.UTC(2026, 0, 1, 12, 1);

const STORY: readonly RunEvent[] = [
  { type: 'run-started', mode: 'promote', version: 'v1.0.0' },
  { type: 'request', method: 'GET', url: 'https://a.example/v2/', operation: 'list', status: 200, ms: 3 },
  { type: 'request', method: 'GET', url: 'https://a.example/v2/x', operation: 'list', status: 200, ms: 3 },
  { type: 'request', method: 'PUT', url: 'https://b.example:5000/v2/', operation: 'write', error: 'TIMEOUT', ms: 3 },
  { type: 'bytes', origin: 'https://a.example', bytes: 7 },
  { type: 'bytes', origin: 'https://a.example', bytes: 5 },
  { type: 'progress', unit: 'repositories', done: 1, total: 4, failed: 0 },
  { type: 'progress', unit: 'images', done: 2, total: 3, failed: 1 },
  { type: 'image-promoted', ...IMAGE, repositories: ['b.example/app'], failed: 0, bytes: 7, ms: 1 },
  { type: 'failed', phase: 'promote', code: 'DENIED', message: 'no', ...IMAGE },
  { type: 'failed', phase: 'plan', code: 'TIMEOUT', message: 'no' },
  { type: 'registry-paused', registry: 'google', until: new Date(UNTIL).toISOString() },
  { type: 'phase-ended', phase: 'promote', ms: 1500, ended: 'done' },
];

describe('src/watch/metrics.ts', () => {
  it('counts what a run did, as Prometheus reads it', async () => {
    const clock = fakeClock();
    const metrics = await countMetrics(clock, () => [{ group: 'google', origins: [], rate: 75 }]);
    for (const event of STORY) metrics.narrate(event);
    await clock.advance(2000);
    expect(numbersOf(await metrics.text())).toEqual({
      'kpromo_run_info{mode="promote",version="v1.0.0"}': 1,
      kpromo_run_seconds: 2,
      kpromo_run_ended_timestamp_seconds: 0,
      kpromo_exit_code: -1,
      'kpromo_phase_seconds{phase="promote",ended="done"}': 1.5,
      'kpromo_phase_items{state="total",unit="images"}': 3,
      'kpromo_phase_items{state="done",unit="images"}': 2,
      'kpromo_phase_items{state="failed",unit="images"}': 1,
      'kpromo_images_total{state="promoted"}': 1,
      'kpromo_images_total{state="failed"}': 1,
      'kpromo_failures_total{phase="promote",code="DENIED"}': 1,
      'kpromo_failures_total{phase="plan",code="TIMEOUT"}': 1,
      'kpromo_requests_total{registry="a.example",class="list",status="200"}': 2,
      'kpromo_requests_total{registry="b.example:5000",class="write",status="TIMEOUT"}': 1,
      'kpromo_body_bytes_total{registry="a.example"}': 12,
      'kpromo_rate_limit{registry="google"}': 75,
      'kpromo_pauses_total{registry="google"}': 1,
      'kpromo_paused_until_timestamp_seconds{registry="google"}': UNTIL / 1000,
    });
    metrics.narrate({ type: 'exit', code: 1 });
    expect(numbersOf(await metrics.text())).toMatchObject({
      kpromo_exit_code: 1,
      kpromo_run_ended_timestamp_seconds: clock.now() / 1000,
    });
  });

  it('counts hosts beyond the limit together', async () => {
    const metrics = await countMetrics(fakeClock(), () => []);
    for (let host = 0; host < 100; host++)
      metrics.narrate({ type: 'bytes', origin: `https://bucket-${host}.example`, bytes: 1 });
    const bytes = Object.entries(numbersOf(await metrics.text())).filter(([name]) => name.includes('body_bytes'));
    expect(bytes).toHaveLength(61);
    expect(bytes.at(-1)).toEqual(['kpromo_body_bytes_total{registry="other"}', 40]);
  });

  it('counts each run by itself', async () => {
    const [first, second] = [await countMetrics(fakeClock(), () => []), await countMetrics(fakeClock(), () => [])];
    first.narrate({ type: 'bytes', origin: 'https://a.example', bytes: 1 });
    expect(await second.text()).not.toContain('a.example');
  });
});

describe('src/watch/metrics-server.ts', () => {
  const metrics = { contentType: 'text/plain; version=0.0.4', text: async () => 'kpromo_exit_code -1\n' };

  it('answers at /metrics and nowhere else', async () => {
    const server = await serveMetrics(metrics, { host: '127.0.0.1', port: 0 });
    const answered = await fetch(server.url);
    expect([answered.status, await answered.text()]).toEqual([200, 'kpromo_exit_code -1\n']);
    expect(answered.headers.get('content-type')).toBe(metrics.contentType);
    expect((await fetch(new URL('/', server.url))).status).toBe(404);
    expect((await fetch(server.url, { method: 'POST' })).status).toBe(405);
    server.close();
  });

  it('closes while a silent client is connected', async () => {
    const server = await serveMetrics(metrics, { host: '127.0.0.1', port: 0 });
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    await once(socket, 'connect');
    const ended = once(socket, 'close');
    socket.on('error', () => {});
    server.close();
    await ended;
    await expect(fetch(server.url)).rejects.toThrow('fetch failed');
  });

  it('throws if the port is taken', async () => {
    const server = await serveMetrics(metrics, { host: '127.0.0.1', port: 0 });
    const again = serveMetrics(metrics, { host: '127.0.0.1', port: Number(new URL(server.url).port) });
    await expect(again).rejects.toThrow('EADDRINUSE');
    server.close();
  });
});

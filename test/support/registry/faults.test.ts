import { afterEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { buildImage, storeImage } from './images.ts';
import type { RegistryOptions } from './options.ts';
import { seededBytes } from './seeded.ts';
import { startRegistry, type TestRegistry } from './server.ts';

const started: TestRegistry[] = [];

async function start(options: RegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  started.push(registry);
  return registry;
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await run();
  return performance.now() - before;
}

describe('test/support/registry/faults.ts', () => {
  afterEach(async () => {
    for (const registry of started.splice(0)) await registry.close();
  });

  it('answers with what the hook says, and goes on where it says nothing', async () => {
    const registry = await start({
      fault: ({ kind, nth }) =>
        kind === 'ping' && nth === 2 ? { status: 503, headers: { 'retry-after': '7' }, body: '<html>' } : undefined,
    });
    const ping = (): Promise<Response> => fetch(`${registry.url}/v2/`);
    expect((await ping()).status).toBe(200);
    const broken = await ping();
    expect([broken.status, broken.headers.get('retry-after'), await broken.text()]).toEqual([503, '7', '<html>']);
    expect((await ping()).status).toBe(200);
  });

  it('resets the connection before the work, or after it', async () => {
    for (const fault of ['reset', 'resetAfter'] as const) {
      const registry = await start({ fault: ({ kind }) => (kind === 'put' ? fault : undefined) });
      const bytes = seededBytes(10, 1);
      const opened = await fetch(`${registry.url}/v2/a/b/blobs/uploads/`, { method: 'POST' });
      const address = `${new URL(opened.headers.get('location') ?? '', registry.url).href}&digest=${digestOf(bytes)}`;
      await expect(fetch(address, { method: 'PUT', body: Buffer.from(bytes) })).rejects.toThrow();
      expect(registry.store.repository('a/b')?.blobs.size ?? 0).toBe(fault === 'reset' ? 0 : 1);
    }
  });

  it('breaks off in the middle, or falls silent there', async () => {
    for (const fault of ['truncate', 'stall'] as const) {
      const registry = await start({ fault: () => fault });
      const { digest } = registry.addSyntheticBlob('a/b', 1000, 2);
      const enough = new AbortController();
      const response = await fetch(`${registry.url}/v2/a/b/blobs/${digest}`, { signal: enough.signal });
      expect([response.status, response.headers.get('content-length')]).toEqual([200, '1000']);
      const rest = response.arrayBuffer();
      if (fault === 'stall') enough.abort();
      await expect(rest).rejects.toMatchObject({ name: fault === 'stall' ? 'AbortError' : 'TypeError' });
      expect(registry.counters.counts().bytesOut).toBe(500);
    }
  });

  it('says nothing at all when silent', async () => {
    const asked = Promise.withResolvers<void>();
    const registry = await start({
      fault: () => {
        asked.resolve();
        return 'silent';
      },
    });
    const enough = new AbortController();
    const answer = fetch(`${registry.url}/v2/`, { signal: enough.signal });
    await asked.promise;
    // another request goes there and back meanwhile
    await expect(fetch(`${(await start()).url}/v2/`)).resolves.toMatchObject({ status: 200 });
    enough.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('reads an upload to its end before it refuses it', async () => {
    const registry = await start({
      fault: ({ kind }) => (kind === 'put' ? { status: 401, readBody: true } : undefined),
    });
    const opened = await fetch(`${registry.url}/v2/a/b/blobs/uploads/`, { method: 'POST' });
    const body = Buffer.from(seededBytes(300_000, 3));
    const put = await fetch(new URL(opened.headers.get('location') ?? '', registry.url), { method: 'PUT', body });
    expect([put.status, registry.counters.counts().bytesIn]).toEqual([401, 300_000]);
  });

  it('delays, and slows down both directions', async () => {
    const registry = await start();
    const { digest } = registry.addSyntheticBlob('a/b', 10_000, 4);
    const get = (): Promise<unknown> =>
      fetch(`${registry.url}/v2/a/b/blobs/${digest}`).then((response) => response.arrayBuffer());
    const post = (): Promise<unknown> =>
      fetch(`${registry.url}/v2/c/blobs/uploads/?digest=${digest}`, {
        method: 'POST',
        body: Buffer.from(seededBytes(10_000, 4)),
      });
    for (const run of [get, post]) {
      registry.inject(() => ({ delayMs: 100 }));
      expect(await timed(run)).toBeGreaterThan(95);
      registry.inject(() => ({ bytesPerSecond: 50_000 }));
      expect(await timed(run)).toBeGreaterThan(190);
    }
    expect(registry.store.repository('c')?.blobs.has(digest)).toBe(true);
  });

  it('allows a quota of requests, and tells when the next may come', async () => {
    const registry = await start({ quota: { perSecond: 0.001, burst: 2, retryAfter: '12' } });
    storeImage(registry.store, 'a/b', buildImage({ seed: 5 }), ['v1']);
    const list = (): Promise<Response> => fetch(`${registry.url}/v2/a/b/tags/list`);
    expect([(await list()).status, (await list()).status]).toEqual([200, 200]);
    const over = await list();
    expect([over.status, over.headers.get('retry-after')]).toEqual([429, '12']);
    registry.setQuota({ perSecond: 0.5, burst: 0, retryAfter: 'seconds' });
    expect((await list()).headers.get('retry-after')).toBe('2');
    registry.setQuota(undefined);
    expect((await list()).status).toBe(200);
  });

  it('answers each request after its latency', async () => {
    const registry = await start({ latencyMs: 60 });
    expect(await timed(() => fetch(`${registry.url}/v2/`))).toBeGreaterThan(55);
  });
});

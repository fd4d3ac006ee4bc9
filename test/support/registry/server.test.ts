import { afterEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { buildImage, buildMultiPlatform, pushImage, storeImage } from './images.ts';
import type { RegistryOptions } from './options.ts';
import { seededBytes } from './seeded.ts';
import { startRegistry, type TestRegistry } from './server.ts';

const started: TestRegistry[] = [];

async function start(options: RegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  started.push(registry);
  return registry;
}

async function openUpload({ url }: TestRegistry, path: string): Promise<string> {
  const opened = await fetch(`${url}/v2/${path}/blobs/uploads/`, { method: 'POST' });
  return new URL(opened.headers.get('location') ?? '', url).href;
}

async function upload(
  registry: TestRegistry,
  path: string,
  body: Uint8Array,
  digest = digestOf(body),
): Promise<Response> {
  const location = await openUpload(registry, path);
  return fetch(`${location}&digest=${digest}`, { method: 'PUT', body: Buffer.from(body) });
}

describe('test/support/registry/server.ts', () => {
  afterEach(async () => {
    for (const registry of started.splice(0)) await registry.close();
  });

  it('holds after a push over HTTP what it holds when the image is put straight into it', async () => {
    const [pushed, stored] = [await start(), await start()];
    const image = buildMultiPlatform({ seed: 1, layers: [0, 70_000] }, ['linux/amd64', 'linux/arm64']);
    await pushImage(pushed.url, 'prod/app', image, ['v1', 'v2']);
    storeImage(stored.store, 'prod/app', image, ['v1', 'v2']);
    expect(pushed.snapshot()).toEqual(stored.snapshot());
    expect(Object.keys(pushed.snapshot()['prod/app']?.manifests ?? {})).toHaveLength(3);
    expect(pushed.unexpected).toEqual([]);
  });

  it('builds the same image on every machine', () => {
    expect(buildImage({ seed: 1 }).manifest.descriptor.digest).toMatchInlineSnapshot(
      `"sha256:448c193d0755064f2d76a2613c4932bac31770fb7aa62acaf47a76ef25da034f"`,
    );
  });

  it('takes an upload in chunks, tells how far it is, and refuses a chunk out of order', async () => {
    const registry = await start();
    const bytes = Buffer.from('0123456789');
    const location = await openUpload(registry, 'a/b');
    const patch = (range: string, body: Buffer): Promise<Response> =>
      fetch(location, { method: 'PATCH', body: Buffer.from(body), headers: { 'content-range': range } });
    expect((await patch('0-3', bytes.subarray(0, 4))).status).toBe(202);
    expect((await patch('5-9', bytes.subarray(5))).status).toBe(416);
    const status = await fetch(location);
    expect([status.status, status.headers.get('range')]).toEqual([204, '0-3']);
    expect((await patch('4-9', bytes.subarray(4))).status).toBe(202);
    expect((await fetch(`${location}&digest=${digestOf(bytes)}`, { method: 'PUT' })).status).toBe(201);
    expect(await (await fetch(`${registry.url}/v2/a/b/blobs/${digestOf(bytes)}`)).text()).toBe('0123456789');
  });

  it('forgets an upload that is deleted', async () => {
    const registry = await start();
    const location = await openUpload(registry, 'a/b');
    expect(registry.openUploads()).toBe(1);
    expect((await fetch(location, { method: 'DELETE' })).status).toBe(204);
    expect((await fetch(location)).status).toBe(404);
    expect(registry.openUploads()).toBe(0);
  });

  it('serves ranges of blobs', async () => {
    const registry = await start();
    const bytes = seededBytes(200_000, 3);
    const { digest } = registry.addSyntheticBlob('a/b', 200_000, 3);
    const range = async (value: string): Promise<[number, string | null, boolean]> => {
      const response = await fetch(`${registry.url}/v2/a/b/blobs/${digest}`, { headers: { range: value } });
      const [, from, to] = /(\d+)-(\d+)/.exec(response.headers.get('content-range') ?? '') ?? [];
      const body = Buffer.from(await response.arrayBuffer());
      return [
        response.status,
        response.headers.get('content-range'),
        body.equals(bytes.subarray(Number(from), Number(to) + 1)),
      ];
    };
    expect(digest).toBe(digestOf(bytes));
    expect(await range('bytes=65530-65545')).toEqual([206, 'bytes 65530-65545/200000', true]);
    expect(await range('bytes=150000-')).toEqual([206, 'bytes 150000-199999/200000', true]);
    expect((await range('bytes=200000-'))[0]).toBe(416);
  });

  it('refuses wrong digests, and manifests whose blobs or children are missing', async () => {
    const registry = await start();
    expect((await upload(registry, 'a/b', Buffer.from('right'), digestOf(Buffer.from('wrong')))).status).toBe(400);
    const image = buildMultiPlatform({ seed: 2 }, ['linux/amd64']);
    for (const { manifest } of [image, ...image.children]) {
      const headers = { 'content-type': manifest.descriptor.mediaType };
      const put = await fetch(`${registry.url}/v2/a/b/manifests/v1`, {
        method: 'PUT',
        headers,
        body: Buffer.from(manifest.bytes),
      });
      expect([put.status, await put.text()]).toEqual([400, expect.stringContaining('MANIFEST_BLOB_UNKNOWN')]);
    }
    expect(registry.snapshot()).toEqual({});
  });

  it('moves tags', async () => {
    const registry = await start();
    await pushImage(registry.url, 'a/b', buildImage({ seed: 3 }), ['v1']);
    const { digest } = await pushImage(registry.url, 'a/b', buildImage({ seed: 4 }), ['v1']);
    expect(registry.snapshot()['a/b']?.tags).toEqual({ v1: digest });
  });

  it('refuses to move tags where they are immutable', async () => {
    const registry = await start({ immutableTags: true });
    const { digest } = await pushImage(registry.url, 'a/b', buildImage({ seed: 3 }), ['v1']);
    await expect(pushImage(registry.url, 'a/b', buildImage({ seed: 4 }), ['v1'])).rejects.toThrow('TAG_IMMUTABLE');
    expect(registry.snapshot()['a/b']?.tags).toEqual({ v1: digest });
  });

  it('deletes tags, manifests with their tags, and blobs', async () => {
    const registry = await start();
    const image = buildImage({ seed: 5, layers: [10] });
    const { digest } = storeImage(registry.store, 'a/b', image, ['v1', 'v2']);
    const drop = async (path: string): Promise<number> =>
      (await fetch(`${registry.url}/v2/a/b/${path}`, { method: 'DELETE' })).status;
    expect(await drop('manifests/v1')).toBe(202);
    expect(registry.snapshot()['a/b']?.tags).toEqual({ v2: digest });
    expect(await drop(`manifests/${digest}`)).toBe(202);
    expect(await drop(`manifests/${digest}`)).toBe(404);
    for (const { descriptor } of image.blobs) expect(await drop(`blobs/${descriptor.digest}`)).toBe(202);
    expect(registry.snapshot()['a/b']).toEqual({ tags: {}, manifests: {}, blobs: {} });
  });

  it('lists by pages with a link to the next', async () => {
    const registry = await start();
    storeImage(registry.store, 'a/b', buildImage({ seed: 6 }), ['c', 'a', 'b']);
    const pages: string[][] = [];
    let next: string | undefined = '/v2/a/b/tags/list?n=2';
    while (next !== undefined) {
      const response: Response = await fetch(registry.url + next);
      pages.push(((await response.json()) as { tags: string[] }).tags);
      next = /<(.+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
    }
    expect(pages).toEqual([['a', 'b'], ['c']]);
  });

  it('lists digests in the form of Google, anew after each change', async () => {
    const registry = await start({ google: true });
    const image = buildImage({ seed: 7 });
    const { digest } = storeImage(registry.store, 'a/b', image, ['v1']);
    const list = async (): Promise<unknown> => (await fetch(`${registry.url}/v2/a/b/tags/list`)).json();
    const time = expect.stringMatching(/^\d{13}$/) as string;
    const { mediaType, size } = image.manifest.descriptor;
    const manifest = {
      imageSizeBytes: String(size),
      layerId: '',
      mediaType,
      tag: ['v1'],
      timeCreatedMs: time,
      timeUploadedMs: time,
    };
    expect(await list()).toEqual({ name: 'a/b', child: [], tags: ['v1'], manifest: { [digest]: manifest } });
    storeImage(registry.store, 'a/b', image, ['v0']);
    expect(await list()).toMatchObject({ tags: ['v0', 'v1'], manifest: { [digest]: { tag: ['v0', 'v1'] } } });
    expect((await fetch(`${registry.url}/v2/unknown/tags/list`)).status).toBe(404);
  });

  it('answers the referrers API', async () => {
    const registry = await start();
    const subject = storeImage(registry.store, 'a/b', buildImage({ seed: 8 }), ['v1']);
    const signature = buildImage({
      seed: 9,
      subject,
      artifactType: 'application/x-signature',
      annotations: { by: 'test' },
    });
    const { digest } = await pushImage(registry.url, 'a/b', signature);
    const response = await fetch(
      `${registry.url}/v2/a/b/referrers/${subject.digest}?artifactType=application/x-signature`,
    );
    expect(response.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(await response.json()).toMatchObject({
      manifests: [{ digest, artifactType: 'application/x-signature', annotations: { by: 'test' } }],
    });
    const other = await fetch(`${registry.url}/v2/a/b/referrers/${subject.digest}?artifactType=other`);
    expect(await other.json()).toMatchObject({ manifests: [] });
  });

  it('has no referrers API where it is turned off', async () => {
    const registry = await start({ referrers: false });
    const { digest } = storeImage(registry.store, 'a/b', buildImage({ seed: 8 }), ['v1']);
    expect((await fetch(`${registry.url}/v2/a/b/referrers/${digest}`)).status).toBe(404);
  });

  it('hides a manifest from a request that does not accept its type', async () => {
    const registry = await start();
    const { mediaType } = storeImage(registry.store, 'a/b', buildImage({ seed: 10 }), ['v1']);
    const status = async (accept: string): Promise<number> =>
      (await fetch(`${registry.url}/v2/a/b/manifests/v1`, { headers: { accept } })).status;
    expect([await status(mediaType), await status('application/json')]).toEqual([200, 404]);
  });

  it('checks large uploads and drops them', async () => {
    const registry = await start({ keepUploadsBelow: 1000 });
    const bytes = seededBytes(1001, 11);
    expect((await upload(registry, 'a/b', bytes, digestOf(seededBytes(1001, 12)))).status).toBe(400);
    expect((await upload(registry, 'a/b', bytes)).status).toBe(201);
    const blob = `${registry.url}/v2/a/b/blobs/${digestOf(bytes)}`;
    const head = await fetch(blob, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '1001']);
    expect((await fetch(blob)).status).toBe(500);
  });

  it('counts by kind, and records what no registry knows', async () => {
    const registry = await start();
    await fetch(`${registry.url}/v2/`);
    await fetch(`${registry.url}/v2/a/b/tags/list`);
    await fetch(`${registry.url}/v1/search?q=x`);
    expect(registry.counters.counts()).toMatchObject({
      requests: 3,
      kinds: { ping: 1, list: 1, unexpected: 1 },
      statuses: { 200: 1, 404: 2 },
    });
    expect(registry.unexpected).toEqual(['GET /v1/search?q=x']);
    expect(registry.counters.log.map(({ kind, status }) => [kind, status])).toEqual([
      ['ping', 200],
      ['list', 404],
      ['unexpected', 404],
    ]);
    registry.counters.reset();
    expect(registry.counters.counts()).toMatchObject({ requests: 0, kinds: {}, bytesOut: 0 });
  });
});

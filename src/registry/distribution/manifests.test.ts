import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { buildImage } from '../../../test/support/registry/images.ts';
import { scriptedRegistry } from '../../../test/support/scripted-registry.ts';
import { bodyOf, type Answer } from '../../../test/support/scripted-server.ts';
import { ACCEPTED_MANIFESTS, REFUSED_MANIFESTS, MEDIA_TYPES } from '../../image/descriptor.ts';
import { digestOf } from '../../image/digest.ts';

const { manifest } = buildImage({ seed: 1 });
const { digest, size } = manifest.descriptor;
const OTHER = digestOf(Buffer.from('something else'));

const serving =
  (status: number, body: Uint8Array | string = '', headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

describe('src/registry/distribution/manifests', () => {
  it('reads the bytes unchanged, accepting every type that it can copy or rejects by name', async () => {
    const answer = serving(200, manifest.bytes, { 'content-type': 'text/plain' });
    const { registry, server, host, call } = await scriptedRegistry(answer);
    const read = await registry.readManifest(`${host}/app`, digest, call);
    expect(Buffer.from(read?.bytes ?? []).equals(manifest.bytes)).toBe(true);
    expect(read?.descriptor).toEqual(manifest.descriptor);
    expect(server.headers[0]?.accept?.split(', ')).toEqual([...ACCEPTED_MANIFESTS, ...REFUSED_MANIFESTS]);
  });

  it('uses the type of the header if the manifest does not state it', async () => {
    const type = { 'content-type': `${MEDIA_TYPES.ociIndex}; charset=utf-8` };
    const { registry, host, call } = await scriptedRegistry(serving(200, '{"manifests":[]}', type));
    expect((await registry.readManifest(`${host}/app`, 'v1', call))?.descriptor.mediaType).toBe(MEDIA_TYPES.ociIndex);
  });

  it('computes the digest of a tag’s manifest from its bytes, whatever the header says', async () => {
    const answer = serving(200, manifest.bytes, { 'docker-content-digest': OTHER });
    const { registry, host, call } = await scriptedRegistry(answer);
    expect((await registry.readManifest(`${host}/app`, 'v1', call))?.descriptor.digest).toBe(digest);
  });

  it('rejects bytes that do not match the requested digest', async () => {
    const { registry, host, call } = await scriptedRegistry(serving(200, '{"other":true}'));
    const reading = registry.readManifest(`${host}/app`, digest, call);
    await expect(reading).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await expect(reading).rejects.toThrow(`${host}/app@${digest}`);
  });

  it('rejects a manifest larger than any registry must accept', async () => {
    const { registry, host, call } = await scriptedRegistry(serving(200, Buffer.alloc(8 * 1024 * 1024 + 1)));
    await expect(registry.readManifest(`${host}/app`, 'v1', call)).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL' });
  });

  it('reads the bytes when HEAD does not state the digest', async () => {
    const { registry, server, host, call } = await scriptedRegistry(serving(200, manifest.bytes));
    expect((await registry.resolveManifest(`${host}/app`, 'v1', call))?.digest).toBe(digest);
    expect(server.requests).toEqual(['HEAD /v2/app/manifests/v1', 'GET /v2/app/manifests/v1']);
  });

  it.each([
    ['is there', 200, {}, digest],
    ['is there under another digest', 200, { 'docker-content-digest': OTHER }, OTHER],
    ['is not there', 404, {}, undefined],
  ])('checks with one HEAD whether a digest %s', async (_, status, headers, found) => {
    const { registry, server, host, call } = await scriptedRegistry(serving(status, '', headers));
    expect((await registry.resolveManifest(`${host}/app`, digest, call))?.digest).toBe(found);
    expect(server.requests).toEqual([`HEAD /v2/app/manifests/${digest}`]);
  });

  it('writes the bytes unchanged, under their type', async () => {
    let body: Buffer | undefined;
    const { registry, server, host, call } = await scriptedRegistry(async (request, response) => {
      body = await bodyOf(request);
      response.writeHead(201, { 'docker-content-digest': digest }).end();
    });
    await registry.writeManifest(`${host}/app`, 'v1', manifest, call);
    expect(body?.equals(manifest.bytes)).toBe(true);
    expect(server.requests).toEqual(['PUT /v2/app/manifests/v1']);
    expect(server.headers[0]).toMatchObject({
      'content-type': MEDIA_TYPES.ociManifest,
      'content-length': String(size),
    });
  });

  it('detects a registry that stored other bytes than it was sent', async () => {
    const { registry, host, call } = await scriptedRegistry(serving(201, '', { 'docker-content-digest': OTHER }));
    await expect(registry.writeManifest(`${host}/app`, 'v1', manifest, call)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      side: 'destination',
    });
  });

  it.each([
    ['MANIFEST_BLOB_UNKNOWN', 400, 'BLOB_UNKNOWN'],
    ['MANIFEST_BLOB_UNKNOWN', 404, 'BLOB_UNKNOWN'],
    ['BLOB_UNKNOWN', 404, 'BLOB_UNKNOWN'],
    ['MANIFEST_UNKNOWN', 404, 'BLOB_UNKNOWN'],
    ['DIGEST_INVALID MANIFEST_BLOB_UNKNOWN', 400, 'BLOB_UNKNOWN'],
    ['MANIFEST_INVALID', 400, 'REGISTRY_PROTOCOL'],
    ['NAME_UNKNOWN', 404, 'REGISTRY_PROTOCOL'],
    ['DENIED', 403, 'DENIED'],
    ['TAG_IMMUTABLE', 409, 'REGISTRY_PROTOCOL'],
  ])('converts the refusal %s with status %i to %s', async (said, status, code) => {
    const body = JSON.stringify({ errors: said.split(' ').map((one) => ({ code: one, message: 'no' })) });
    const clock = fakeClock({ skipWaits: true });
    const { registry, host, call } = await scriptedRegistry(serving(status, body), { clock });
    const writing = registry.writeManifest(`${host}/app`, 'v1', manifest, call);
    await expect(writing).rejects.toMatchObject({ code });
    await expect(writing).rejects.toThrow(`${host}/app:v1`);
  });

  it('writes again after 250 ms, 1 s and 3 s while the registry does not see the parts', async () => {
    const clock = fakeClock({ skipWaits: true });
    const unknown = JSON.stringify({ errors: [{ code: 'MANIFEST_BLOB_UNKNOWN' }] });
    let refusals = 3;
    const { registry, server, host, call } = await scriptedRegistry(
      (_, response) => void (refusals-- > 0 ? response.writeHead(400).end(unknown) : response.writeHead(201).end()),
      { clock },
    );
    await registry.writeManifest(`${host}/app`, 'v1', manifest, call);
    expect(clock.waits).toEqual([250, 1_000, 3_000]);
    expect(server.requests).toEqual(Array(4).fill('PUT /v2/app/manifests/v1'));
    refusals = 4;
    await expect(registry.writeManifest(`${host}/app`, 'v1', manifest, call)).rejects.toMatchObject({
      code: 'BLOB_UNKNOWN',
    });
  });

  it.each([
    ['by digest', digest],
    ['by tag, under its digest', 'v1'],
  ])('reads once more after one wrong response, requested %s', async (_, reference) => {
    let wrong = 1;
    const { registry, server, host, call } = await scriptedRegistry((_request, response) => {
      const bytes = wrong-- > 0 ? manifest.bytes.subarray(0, 50) : manifest.bytes;
      response.writeHead(200, { 'docker-content-digest': digest }).end(bytes);
    });
    expect((await registry.readManifest(`${host}/app`, reference, call))?.descriptor).toEqual(manifest.descriptor);
    expect(server.requests).toHaveLength(2);
  });

  it.each([
    ['403', 403, {}],
    ['418', 418, {}],
    ['501', 501, {}],
    ['a redirect to a forbidden address', 307, { location: 'http://169.254.169.254/' }],
  ])('reads the bytes if a HEAD is answered with %s', async (_, status, headers) => {
    const { registry, server, host, call } = await scriptedRegistry(({ method }, response) => {
      if (method === 'HEAD') response.writeHead(status, headers).end();
      else response.writeHead(200).end(manifest.bytes);
    });
    expect((await registry.resolveManifest(`${host}/app`, 'v1', call))?.digest).toBe(digest);
    expect((await registry.resolveManifest(`${host}/app`, 'v1', call))?.digest).toBe(digest);
    expect(server.requests.map((request) => request.split(' ')[0])).toEqual(['HEAD', 'GET', 'GET']);
  });

  it.each([400, 404])('writes again once after a refusal (%i) with a truncated message', async (status) => {
    const words = JSON.stringify({ errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'no' }] });
    let cuts = 1;
    const { registry, server, host, call } = await scriptedRegistry(
      (_, response) => {
        response.writeHead(status, { 'content-length': words.length });
        if (cuts-- > 0) response.write(words.slice(0, 5), () => response.destroy());
        else response.end(words);
      },
      { clock: fakeClock({ skipWaits: true }) },
    );
    const writing = (): Promise<unknown> => registry.writeManifest(`${host}/app`, digest, manifest, call);
    await expect(writing()).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    // Cut short, then whole, and three times more as it might be a matter of time.
    expect(server.requests).toHaveLength(5);
    cuts = 9;
    await expect(writing()).rejects.toThrow(`${host}/app`);
    expect(server.requests).toHaveLength(7);
  });

  it('returns undefined for a missing manifest, and throws for every other refusal', async () => {
    let status = 404;
    const { registry, host, call } = await scriptedRegistry((_, response) => void response.writeHead(status).end());
    expect(await registry.readManifest(`${host}/app`, digest, call)).toBeUndefined();
    for (const [given, code] of [
      [401, 'UNAUTHORIZED'],
      [403, 'DENIED'],
      [418, 'REGISTRY_PROTOCOL'],
    ] as const) {
      status = given;
      await expect(registry.readManifest(`${host}/app`, digest, call)).rejects.toMatchObject({ code });
      await expect(registry.resolveManifest(`${host}/app`, 'v1', call)).rejects.toMatchObject({ code });
    }
  });
});

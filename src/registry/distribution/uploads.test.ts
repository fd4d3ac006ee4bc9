import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { oddRegistry } from '../../../test/support/odd-registry.ts';
import { scriptedRegistry, type ScriptedRegistry } from '../../../test/support/scripted-registry.ts';
import { bodyOf, type Answer } from '../../../test/support/scripted-server.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { digestOf } from '../../image/digest.ts';
import type { BlobUpload } from '../roles.ts';

const BYTES = Buffer.from('the bytes of a blob');
const BLOB: Descriptor = { mediaType: 'application/octet-stream', digest: digestOf(BYTES), size: BYTES.length };
const DIGEST = encodeURIComponent(BLOB.digest);

/** Opens an upload at `location`; `put` answers everything after that. */
function opening(
  location: string | undefined,
  put: Answer = (_, response) => void response.writeHead(201).end(),
): Answer {
  return (request, response) => {
    if (request.method !== 'POST') return put(request, response);
    response.writeHead(202, location === undefined ? {} : { location }).end();
    return undefined;
  };
}

async function open({ registry, host, call }: ScriptedRegistry, blob = BLOB): Promise<BlobUpload> {
  const started = await registry.startBlob(`${host}/prod/app`, blob, undefined, call);
  if (started === 'mounted') throw new Error('nothing was to be mounted');
  return started;
}

async function* streamOf(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

describe('src/registry/distribution/uploads', () => {
  it.each([
    ['a path', '/v2/prod/app/blobs/uploads/1', `/v2/prod/app/blobs/uploads/1?digest=${DIGEST}`],
    ['a path with a state', '/up/1?_state=a%2Bb%3D%3D&x', `/up/1?_state=a%2Bb%3D%3D&x&digest=${DIGEST}`],
    ['a path relative to the request', '1', `/v2/prod/app/blobs/uploads/1?digest=${DIGEST}`],
  ])('sends the blob to the location that the registry names, when that is %s', async (_, location, expected) => {
    const scripted = await scriptedRegistry(opening(location));
    const upload = await open(scripted);
    await upload.send(BYTES, scripted.call);
    expect(scripted.server.requests).toEqual(['POST /v2/prod/app/blobs/uploads/', `PUT ${expected}`]);
  });

  it.each([
    ['bytes', () => BYTES],
    ['a stream', () => streamOf(BYTES.subarray(0, 5), BYTES.subarray(5))],
  ])('sends %s whole and with their length', async (_, content) => {
    let body: Buffer | undefined;
    const scripted = await scriptedRegistry(
      opening('/up/1', async (request, response) => {
        body = await bodyOf(request);
        response.writeHead(201).end();
      }),
    );
    const upload = await open(scripted);
    await upload.send(content(), scripted.call);
    expect(body?.equals(BYTES)).toBe(true);
    expect(scripted.server.headers[1]).toMatchObject({
      'content-length': String(BYTES.length),
      'content-type': 'application/octet-stream',
    });
  });

  it('requests a mount with both names, and accepts a 201', async () => {
    const { registry, server, host, call } = await scriptedRegistry(
      (_, response) => void response.writeHead(201).end(),
    );
    expect(await registry.startBlob(`${host}/prod/app`, BLOB, `${host}/staging/app`, call)).toBe('mounted');
    expect(server.requests).toEqual([`POST /v2/prod/app/blobs/uploads/?mount=${DIGEST}&from=staging%2Fapp`]);
  });

  it('requests no mount from another registry', async () => {
    const { registry, server, host, call } = await scriptedRegistry(opening('/up/1'));
    await registry.startBlob(`${host}/prod/app`, BLOB, 'elsewhere.test/staging/app', call);
    expect(server.requests).toEqual(['POST /v2/prod/app/blobs/uploads/']);
  });

  it('opens a new upload when a mount is refused', async () => {
    const { registry, server, host, call } = await scriptedRegistry((request, response) => {
      const refused = request.url?.includes('mount=') === true;
      response.writeHead(refused ? 405 : 202, refused ? {} : { location: '/up/1' }).end();
    });
    expect(await registry.startBlob(`${host}/prod/app`, BLOB, `${host}/staging/app`, call)).not.toBe('mounted');
    expect(server.requests).toHaveLength(2);
  });

  it.each([
    ['400', 400],
    ['401', 401],
    ['403', 403],
    ['405', 405],
    ['409', 409],
    ['422', 422],
    ['501', 501],
    ['200 without a word', 200],
    ['202 without a location', 202],
  ])('opens a new upload when a mount is answered with %s', async (_, status) => {
    const { registry, server, host, call } = await scriptedRegistry(({ url = '' }, response) =>
      url.includes('mount=')
        ? void response.writeHead(status).end()
        : void response.writeHead(202, { location: '/up/1' }).end(),
    );
    expect(await registry.startBlob(`${host}/prod/app`, BLOB, `${host}/staging/app`, call)).not.toBe('mounted');
    expect(server.requests).toHaveLength(2);
  });

  it.each([500, 'reset'] as const)(
    'opens a new upload after ten seconds of %s in response to a mount',
    async (fault) => {
      const { registry, server, host, call } = await oddRegistry(
        {
          fault: ({ path }) => (path.includes('mount=') ? (fault === 'reset' ? fault : { status: fault }) : undefined),
        },
        {},
        { random: () => 1, clock: fakeClock({ skipWaits: true }) },
      );
      expect(await registry.startBlob(`${host}/prod/app`, BLOB, `${host}/staging/app`, call)).not.toBe('mounted');
      // At 200 ms, 600, 1400, 3000 and 6200, and without the mount.
      expect(server.counters.counts().kinds).toEqual({ postUpload: 7 });
    },
  );

  it('opens a new upload when the token server refuses a mount', async () => {
    const { registry, host, call, server } = await oddRegistry({
      auth: { scheme: 'bearer', allow: () => ['pull', 'push'] },
    });
    server.inject(({ kind, path }) => (kind === 'token' && path.includes('staging') ? { status: 403 } : undefined));
    expect(await registry.startBlob(`${host}/prod/app`, BLOB, `${host}/staging/app`, call)).not.toBe('mounted');
  });

  it.each([200, 201, 202])('treats %i with a location as an open upload', async (status) => {
    const { registry, server, host, call } = await scriptedRegistry(async (request, response) => {
      await bodyOf(request);
      response.writeHead(status, { location: '/up/1' }).end();
    });
    const started = await registry.startBlob(`${host}/prod/app`, BLOB, undefined, call);
    expect(await (started as BlobUpload).send(BYTES, call)).toBe('taken');
    expect(server.requests.at(-1)).toBe(`PUT /up/1?digest=${DIGEST}`);
  });

  it.each([
    ['a location with the digest', { location: `/v2/prod/app/blobs/${BLOB.digest}` }],
    ['the digest itself', { 'docker-content-digest': BLOB.digest }],
  ])('treats 201 with %s as an existing blob', async (_, headers) => {
    const { registry, host, call } = await scriptedRegistry(
      (_request, response) => void response.writeHead(201, headers).end(),
    );
    expect(await registry.startBlob(`${host}/prod/app`, BLOB, undefined, call)).toBe('mounted');
  });

  it('accepts a 200 for the bytes if it comes from a registry or a storage', async () => {
    let headers: Record<string, string> = { location: '/v2/prod/app/blobs/x' };
    const scripted = await scriptedRegistry(
      opening('/up/1', async (request, response) => {
        await bodyOf(request);
        response.writeHead(200, headers).end();
      }),
    );
    const send = async (): Promise<string> => (await open(scripted)).send(BYTES, scripted.call);
    expect(await send()).toBe('taken');
    headers = { etag: '"1"' };
    expect(await send()).toBe('taken');
    headers = { 'content-type': 'text/html' };
    await expect(send()).rejects.toMatchObject({ code: 'UPLOAD_LOST' });
    headers = { 'docker-content-digest': digestOf(Buffer.from('other')) };
    await expect(send()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it('requests the stream again after a redirect, and sends it to exactly that address', async () => {
    const scripted = await scriptedRegistry(
      opening('/up/1', async (request, response) => {
        const { url = '' } = request;
        if (!url.startsWith('/storage')) response.writeHead(307, { location: '/storage?signed=1' }).end();
        else response.writeHead((await bodyOf(request)).equals(BYTES) ? 201 : 400).end();
      }),
    );
    const upload = await open(scripted);
    expect(await upload.send(streamOf(BYTES), scripted.call)).toBe('moved');
    expect(await upload.send(streamOf(BYTES), scripted.call)).toBe('taken');
    expect(scripted.server.requests.slice(1)).toEqual([`PUT /up/1?digest=${DIGEST}`, 'PUT /storage?signed=1']);
  });

  it('sends no stream to a forbidden address, nor in a redirect loop', async () => {
    let location = 'http://169.254.169.254/';
    const scripted = await scriptedRegistry(
      opening('/up/1', (_, response) => void response.writeHead(307, { location }).end()),
    );
    const [forbidden, circle] = [await open(scripted), await open(scripted)];
    expect(await forbidden.send(streamOf(BYTES), scripted.call)).toBe('moved');
    await expect(forbidden.send(streamOf(BYTES), scripted.call)).rejects.toMatchObject({ code: 'REFUSED_ADDRESS' });
    location = '/up/1';
    for (let hop = 1; hop <= 5; hop += 1) expect(await circle.send(streamOf(BYTES), scripted.call)).toBe('moved');
    await expect(circle.send(streamOf(BYTES), scripted.call)).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL' });
  });

  it('rejects an opened upload without a location', async () => {
    const scripted = await scriptedRegistry(opening(undefined));
    await expect(open(scripted)).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL' });
  });

  it.each([
    [404, 'BLOB_UPLOAD_UNKNOWN', 'UPLOAD_LOST'],
    [400, 'BLOB_UPLOAD_INVALID', 'UPLOAD_LOST'],
    [416, 'RANGE_INVALID', 'UPLOAD_LOST'],
    [400, 'DIGEST_INVALID', 'DIGEST_MISMATCH'],
    [403, 'DENIED', 'DENIED'],
    [413, 'SIZE_INVALID', 'REGISTRY_PROTOCOL'],
  ])('converts the response %i %s to the bytes to %s', async (status, said, code) => {
    const body = JSON.stringify({ errors: [{ code: said, message: 'no' }] });
    const scripted = await scriptedRegistry(
      opening('/up/1', (_, response) => void response.writeHead(status).end(body)),
    );
    const upload = await open(scripted);
    const sending = upload.send(BYTES, scripted.call);
    await expect(sending).rejects.toMatchObject({ code });
    await expect(sending).rejects.toThrow(`${scripted.host}/prod/app@${BLOB.digest}`);
  });

  it('replays bytes after a 5xx, and requests a new stream', async () => {
    let failures = 1;
    const scripted = await scriptedRegistry(
      opening('/up/1', async (request, response) => {
        await bodyOf(request);
        response.writeHead(failures-- > 0 ? 503 : 201).end();
      }),
    );
    const upload = await open(scripted);
    await upload.send(BYTES, scripted.call);
    failures = 1;
    await expect(upload.send(streamOf(BYTES), scripted.call)).rejects.toMatchObject({ code: 'REPLAY_NEEDED' });
    expect(scripted.server.requests.filter((request) => request.startsWith('PUT'))).toHaveLength(3);
  });

  it('deletes an abandoned upload with its state unchanged, and never fails', async () => {
    const scripted = await scriptedRegistry(
      opening('/up/1?_state=a%3D', (_, response) => void response.writeHead(405).end()),
    );
    const upload = await open(scripted);
    await upload.abandon(scripted.call);
    expect(scripted.server.requests.at(-1)).toBe('DELETE /up/1?_state=a%3D');
    await upload.abandon({ signal: AbortSignal.abort(new Error('stopped')) });
    expect(scripted.server.requests).toHaveLength(2);
  });

  it('stops reading a stream whose upload is refused at once', async () => {
    const scripted = await scriptedRegistry(opening('/up/1', (_, response) => void response.writeHead(403).end()));
    let closed = false;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield new Uint8Array(64 * 1024);
      } finally {
        closed = true;
      }
    };
    const upload = await open(scripted, { ...BLOB, size: 1024 * 1024 * 1024 });
    await expect(upload.send(endless(), scripted.call)).rejects.toMatchObject({ code: 'DENIED' });
    expect(closed).toBe(true);
  });
});

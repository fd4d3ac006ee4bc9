import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import type { BlobUpload } from '../../src/registry/roles.ts';
import { oddRegistry, type OddRegistry } from '../support/odd-registry.ts';
import type { Fault, FaultHook } from '../support/registry/faults.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { scriptedRegistry } from '../support/scripted-registry.ts';
import { bodyOf, type Answer } from '../support/scripted-server.ts';

const BYTES = Buffer.alloc(3_000_000, 'blob');
const BLOB = { mediaType: 'application/octet-stream', digest: digestOf(BYTES), size: BYTES.length };
const DIGEST = encodeURIComponent(BLOB.digest);
const IMAGE = buildImage({ seed: 1 });
const OTHER = buildImage({ seed: 2 });
const TAG_TAKEN = '{"errors":[{"code":"TAG_INVALID","message":"the repository is immutable"}]}';

/** Opens an upload at a location and takes the bytes there with a status. */
const taking =
  (location: (host: string) => string, status = 201): Answer =>
  async (request, response) => {
    await bodyOf(request);
    if (request.method === 'POST') response.writeHead(202, { location: location(request.headers.host ?? '') }).end();
    else response.writeHead(status).end();
  };

async function uploadTo(answer: Answer): Promise<readonly string[]> {
  const { registry, server, host, call } = await scriptedRegistry(answer);
  const upload = await registry.startBlob(`${host}/prod/app`, BLOB, undefined, call);
  await (upload as BlobUpload).send(BYTES, call);
  return server.requests.slice(1);
}

/** A registry that has one image under a tag and refuses every manifest. */
async function refusing(status: number, body: string): Promise<OddRegistry> {
  const odd = await oddRegistry({ fault: ({ kind }) => (kind === 'putManifest' ? { status, body } : undefined) });
  storeImage(odd.server.store, 'prod/app', IMAGE, ['v1']);
  return odd;
}

async function mountTwice(fault: Fault | undefined, mounts: boolean): Promise<string[]> {
  const hook: FaultHook = ({ kind, path }) => (kind === 'postUpload' && path.includes('mount=') ? fault : undefined);
  const { registry, host, call, asked } = await oddRegistry({ mounts, fault: hook });
  for (let time = 1; time <= 2; time += 1) {
    const started = await registry.startBlob(`${host}/prod/app`, BLOB, `${host}/staging/app`, call);
    if (started !== 'mounted') await started.abandon(call);
  }
  return asked().filter((request) => request.startsWith('POST'));
}

describe('odd registries: uploads', () => {
  it.each([
    ['absolute', (host: string) => `http://${host}/v2/prod/app/blobs/uploads/1`, '/v2/prod/app/blobs/uploads/1?'],
    ['relative', () => '/v2/prod/app/blobs/uploads/1', '/v2/prod/app/blobs/uploads/1?'],
    ['outside of /v2/', () => '/artifacts-uploads/namespaces/1', '/artifacts-uploads/namespaces/1?'],
  ] as const)('4.3/20 sends a blob to a location that is %s', async (_, location, path) => {
    expect(await uploadTo(taking(location))).toEqual([`PUT ${path}digest=${DIGEST}`]);
  });

  it('4.3/21 appends the digest to the query that the location has', async () => {
    expect(await uploadTo(taking(() => '/up?_state=a%2Bb%3D&x'))).toEqual([
      `PUT /up?_state=a%2Bb%3D&x&digest=${DIGEST}`,
    ]);
  });

  it('4.3/22 takes 201 for a blob that is there already, and 202 for an upload', async () => {
    const { registry, host, call } = await scriptedRegistry(
      (request, response) =>
        void response.writeHead(request.url?.includes('mount') === true ? 201 : 202, { location: '/up' }).end(),
    );
    const start = (from?: string): Promise<unknown> => registry.startBlob(`${host}/prod/app`, BLOB, from, call);
    expect(await start(`${host}/staging/app`)).toBe('mounted');
    expect(await start()).toMatchObject({ send: expect.any(Function) as unknown });
  });

  it.each([401, 403, 404, 405])('4.3/23 asks no more for mounts between two repositories after %i', async (status) => {
    const [first = '', ...others] = await mountTwice({ status }, true);
    expect(first).toContain('&from=staging%2Fapp');
    expect(others).toEqual(Array(2).fill('POST /v2/prod/app/blobs/uploads/'));
  });

  it('4.3/23 uploads into the session that stands for a mount, and asks again for the next blob', async () => {
    const posts = await mountTwice(undefined, false);
    expect(posts.map((post) => post.includes('mount='))).toEqual([true, true]);
  });

  it('4.3/25 sends no chunks, which ECR drops', async () => {
    const { registry, server, host, call } = await oddRegistry();
    const upload = (await registry.startBlob(`${host}/prod/app`, BLOB, undefined, call)) as BlobUpload;
    await upload.send(BYTES, call);
    expect(server.counters.counts().kinds).toEqual({ postUpload: 1, put: 1 });
    expect(server.store.repository('prod/app')?.blobs.has(BLOB.digest)).toBe(true);
  });

  it.each([201, 202, 204])('4.3/28 takes %i for a blob that was stored', async (status) => {
    expect(await uploadTo(taking(() => '/up', status))).toHaveLength(1);
  });
});

describe('odd registries: tags that do not move', () => {
  it.each([400, 409, 412])('4.3/38 is done where an equal push is refused with %i', async (status) => {
    const { registry, host, call } = await refusing(status, TAG_TAKEN);
    await expect(registry.writeManifest(`${host}/prod/app`, 'v1', IMAGE.manifest, call)).resolves.toEqual({});
  });

  it.each([400, 409, 412])('4.3/38 names both digests where another push is refused with %i', async (status) => {
    const { registry, host, call } = await refusing(status, TAG_TAKEN);
    const writing = registry.writeManifest(`${host}/prod/app`, 'v1', OTHER.manifest, call);
    await expect(writing).rejects.toMatchObject({ code: 'TAG_MOVE', side: 'destination' });
    await expect(writing).rejects.toThrow(IMAGE.manifest.descriptor.digest);
    await expect(writing).rejects.toThrow(OTHER.manifest.descriptor.digest);
    await expect(writing).rejects.toThrow('the repository is immutable');
  });

  it('4.3/38 hands on any other refusal', async () => {
    const { registry, host, call } = await refusing(400, '{"errors":[{"code":"MANIFEST_INVALID"}]}');
    await expect(registry.writeManifest(`${host}/prod/app`, 'v2', OTHER.manifest, call)).rejects.toMatchObject({
      code: 'REGISTRY_PROTOCOL',
      message: expect.stringContaining('MANIFEST_INVALID') as string,
    });
  });
});

import { describe, expect, it } from 'vitest';
import { buildImage } from '../../../test/support/registry/images.ts';
import { scriptedRegistry } from '../../../test/support/scripted-registry.ts';
import type { Answer } from '../../../test/support/scripted-server.ts';
import { digestOf } from '../../image/digest.ts';

const { manifest } = buildImage({ seed: 1 });
const { digest } = manifest.descriptor;
const OTHER = digestOf(Buffer.from('something else'));

/** A registry whose PUTs answer `statuses` in turn, and whose tag holds `current` under an entity tag. */
function answering(current: string | undefined, ...statuses: readonly number[]): Answer {
  let nth = 0;
  return (request, response) => {
    if (request.method === 'PUT') return void response.writeHead(statuses[nth++] ?? 500).end();
    if (current === undefined) return void response.writeHead(404).end();
    return void response.writeHead(200, { 'docker-content-digest': current, etag: '"one"' }).end();
  };
}

describe('src/registry/distribution/manifest-writes', () => {
  it('sends the state of the tag when it was read as the condition of the write, and none without it', async () => {
    const { registry, server, host, call } = await scriptedRegistry(answering(OTHER, 201, 201, 201));
    await registry.writeManifest(`${host}/app`, 'v1', manifest, call, 'absent');
    await registry.writeManifest(
      `${host}/app`,
      'v1',
      manifest,
      call,
      await registry.resolveManifest(`${host}/app`, 'v1', call),
    );
    await registry.writeManifest(`${host}/app`, 'v1', manifest, call);
    const writes = server.headers.filter((_, nth) => server.requests[nth]?.startsWith('PUT') === true);
    expect(writes.map((headers) => [headers['if-none-match'], headers['if-match']])).toEqual([
      ['*', undefined],
      [undefined, '"one"'],
      [undefined, undefined],
    ]);
  });

  it('throws TAG_MOVE if the tag has changed since', async () => {
    const { registry, host, call } = await scriptedRegistry(answering(OTHER, 412));
    await expect(registry.writeManifest(`${host}/app`, 'v1', manifest, call, 'absent')).rejects.toMatchObject({
      code: 'TAG_MOVE',
      message: expect.stringContaining(OTHER) as string,
    });
  });

  it.each([400, 403, 405, 409, 412, 422])('returns after a %d if the tag has the manifest already', async (status) => {
    const { registry, host, call } = await scriptedRegistry(answering(digest, status));
    await expect(registry.writeManifest(`${host}/app`, 'v1', manifest, call, 'absent')).resolves.toEqual({});
  });

  it('throws the error of the refusal if the tag has other content', async () => {
    const { registry, host, call } = await scriptedRegistry(answering(OTHER, 403));
    await expect(registry.writeManifest(`${host}/app`, 'v1', manifest, call)).rejects.toMatchObject({ code: 'DENIED' });
  });

  it.each([400, 412, 501])(
    'writes without the condition if a registry responds %d and nothing has changed',
    async (status) => {
      const { registry, server, host, call } = await scriptedRegistry(answering(undefined, status, 201));
      await registry.writeManifest(`${host}/app`, 'v1', manifest, call, 'absent');
      expect(server.requests.map((request) => request.split(' ')[0])).toEqual(['PUT', 'HEAD', 'PUT']);
      expect(server.headers.at(-1)?.['if-none-match']).toBeUndefined();
    },
  );
});

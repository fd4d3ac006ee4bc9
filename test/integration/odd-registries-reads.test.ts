import { describe, expect, it } from 'vitest';
import { readInventory } from '../../src/registry/inventory.ts';
import { oddRegistry } from '../support/odd-registry.ts';
import type { FaultHook } from '../support/registry/faults.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { scriptedRegistry } from '../support/scripted-registry.ts';
import type { Answer } from '../support/scripted-server.ts';

const IMAGE = buildImage({ seed: 1 });
const { bytes, descriptor } = IMAGE.manifest;
const head =
  (status: number): FaultHook =>
  ({ kind }) =>
    kind === 'headManifest' ? { status } : undefined;
const kind = (name: string): { traitsOf: () => { kind: string } } => ({ traitsOf: () => ({ kind: name }) });

/** Serves the manifest with these headers. */
const serving =
  (headers: Record<string, string>): Answer =>
  (request, response) =>
    void response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : bytes);

describe('odd registries: manifests', () => {
  it.each([
    [405, 'generic'],
    [403, 'generic'],
    [404, 'nexus'],
    [404, 'artifactory'],
  ] as const)(
    '4.3/34 asks with GET where a HEAD is answered with %i by %s, and from then on at once',
    async (status, name) => {
      const { registry, server, host, call, asked } = await oddRegistry({ fault: head(status) }, kind(name));
      storeImage(server.store, 'prod/app', IMAGE, ['v1', 'v2']);
      for (const tag of ['v1', 'v2'])
        expect(await registry.resolveManifest(`${host}/prod/app`, tag, call)).toEqual(descriptor);
      expect(asked().map((request) => request.split(' ')[0])).toEqual(['HEAD', 'GET', 'GET']);
    },
  );

  it('4.3/34 believes a HEAD that finds nothing where HEADs have found something', async () => {
    const { registry, server, host, call, asked } = await oddRegistry({}, kind('nexus'));
    storeImage(server.store, 'prod/app', IMAGE, ['v1']);
    expect(await registry.resolveManifest(`${host}/prod/app`, 'v1', call)).toEqual(descriptor);
    expect(await registry.resolveManifest(`${host}/prod/app`, 'v2', call)).toBeUndefined();
    expect(asked().map((request) => request.split(' ')[0])).toEqual(['HEAD', 'HEAD']);
  });

  it('4.3/34 finds a tag that is listed although a HEAD denies it, whatever the registry', async () => {
    const { registry, server, host, call } = await oddRegistry({ fault: head(404) });
    storeImage(server.store, 'prod/app', IMAGE, ['v1']);
    const question = [{ digest: descriptor.digest, tags: ['v1'] }];
    const inventory = await readInventory(registry, `${host}/prod/app`, question, call);
    expect(inventory.digestOf('v1')).toBe(descriptor.digest);
  });

  it('4.3/36 takes no notice of a parameter of the content type, nor of a wrong type', async () => {
    for (const type of [`${descriptor.mediaType}; charset=utf-8`, 'text/plain']) {
      const { registry, host, call } = await scriptedRegistry(serving({ 'content-type': type }));
      expect((await registry.readManifest(`${host}/app`, 'v1', call))?.descriptor).toEqual(descriptor);
    }
  });

  it('4.3/37 goes by the bytes where the length of a HEAD is another', async () => {
    const headers = { 'content-type': descriptor.mediaType, 'docker-content-digest': descriptor.digest };
    const { registry, host, call } = await scriptedRegistry((request, response) =>
      request.method === 'HEAD'
        ? void response.writeHead(200, { ...headers, 'content-length': '7' }).end()
        : void response.writeHead(200, headers).end(bytes),
    );
    expect(await registry.resolveManifest(`${host}/app`, 'v1', call)).toMatchObject({ digest: descriptor.digest });
    expect((await registry.readManifest(`${host}/app`, 'v1', call))?.descriptor).toEqual(descriptor);
  });
});

describe('odd registries: lists', () => {
  it('4.3/52 takes "tags": null and 404 for an empty repository', async () => {
    for (const answer of [200, 404]) {
      const { registry, host, call } = await scriptedRegistry(
        (_, response) => void response.writeHead(answer).end('{"name":"app","tags":null}'),
      );
      expect(await registry.listRepository(`${host}/app`, call)).toEqual({ kind: 'tags', tags: new Set() });
    }
  });

  it('4.3/53 follows a link that carries a token for the next page', async () => {
    const { registry, server, host, call } = await scriptedRegistry((request, response) => {
      const isFirst = request.url?.includes('next_page') !== true;
      const link = { link: '</v2/app/tags/list?next_page=gAAA%3D%3D&n=50>; rel="next"' };
      response.writeHead(200, isFirst ? link : {}).end(JSON.stringify({ tags: [isFirst ? 'a' : 'b'] }));
    });
    expect(await registry.listRepository(`${host}/app`, call)).toMatchObject({ tags: new Set(['a', 'b']) });
    expect(server.requests[1]).toBe('GET /v2/app/tags/list?next_page=gAAA%3D%3D&n=50');
  });

  it.each([
    ['artifact-registry', ''],
    ['gcr', ''],
    ['docker-hub', '?n=1000'],
  ])('4.3/54 asks %s for tags with the query «%s»', async (name, query) => {
    const { registry, server, host, call } = await scriptedRegistry(
      (_, response) => void response.end('{"name":"app","tags":["v1"]}'),
      kind(name),
    );
    await registry.listRepository(`${host}/app`, call);
    expect(server.requests).toEqual([`GET /v2/app/tags/list${query}`]);
  });

  it('4.3/55 takes a list without digests for what it is, also from Google', async () => {
    const { registry, host, call } = await scriptedRegistry(
      (_, response) => void response.end('{"name":"app","tags":["v1"]}'),
      kind('gcr'),
    );
    expect(await registry.listRepository(`${host}/app`, call)).toEqual({ kind: 'tags', tags: new Set(['v1']) });
  });

  it('needs a HEAD for each managed tag and each tagless digest besides the pages, and nothing else', async () => {
    const { registry, server, host, call } = await oddRegistry({ pageSize: 10 });
    const tags = Array.from({ length: 25 }, (_, index) => `t${String(index).padStart(2, '0')}`);
    storeImage(server.store, 'prod/app', IMAGE, tags);
    const other = buildImage({ seed: 2 }).manifest.descriptor.digest;
    const question = [
      { digest: descriptor.digest, tags: tags.slice(0, 4) },
      { digest: other, tags: [] },
    ];
    await readInventory(registry, `${host}/prod/app`, question, call);
    expect(server.counters.counts().kinds).toEqual({ list: 3, headManifest: 5 });
  });
});

describe('odd registries: repositories that must exist', () => {
  it('4.3/31 names the command that creates one on ECR', async () => {
    const host = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
    const scripted = await scriptedRegistry((_, response) => void response.writeHead(404).end(), {
      baseUrl: () => new URL(`http://${scripted.host}`),
    });
    const starting = scripted.registry.startBlob(`${host}/team/app`, descriptor, undefined, scripted.call);
    await expect(starting).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: expect.stringContaining('aws ecr create-repository --repository-name team/app') as string,
    });
  });
});

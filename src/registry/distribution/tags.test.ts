import { describe, expect, it } from 'vitest';
import { scriptedRegistry } from '../../../test/support/scripted-registry.ts';
import { scriptedServer, type Answer } from '../../../test/support/scripted-server.ts';
import { digestOf } from '../../image/digest.ts';

const DIGEST = digestOf(Buffer.from('a manifest'));
const OTHER = digestOf(Buffer.from('another manifest'));

/** Serves pages by the `page` of their query, each linked to the next in the given way. */
function pages(
  bodies: readonly object[],
  link = (next: number, path: string): string => `<${path}?page=${next}>; rel="next"`,
): Answer {
  return (request, response) => {
    const url = new URL(request.url ?? '', 'http://registry');
    const page = Number(url.searchParams.get('page') ?? 0);
    const more = page + 1 < bodies.length ? { link: link(page + 1, url.pathname) } : {};
    response.writeHead(200, more).end(JSON.stringify(bodies[page]));
  };
}

describe('src/registry/distribution/tags', () => {
  it.each([
    ['a path', (next: number, path: string) => `<${path}?page=${next}>; rel="next"`],
    ['a query', (next: number) => `<?page=${next}>; rel=next`],
    [
      'one of several links',
      (next: number, path: string) => `<${path}?page=0>; rel="first", <${path}?page=${next}>; rel="next"`,
    ],
  ])('follows pages whose link is %s', async (_, link) => {
    const answer = pages([{ name: 'app', tags: ['a', 'b'] }, { tags: null }, { tags: ['c'] }], link);
    const { registry, server, host, call } = await scriptedRegistry(answer);
    expect(await registry.listRepository(`${host}/app`, call)).toEqual({
      kind: 'tags',
      tags: new Set(['a', 'b', 'c']),
    });
    expect(server.requests).toHaveLength(3);
  });

  it('follows an absolute link to its own host, and rejects one to another', async () => {
    let host = '';
    const answer: Answer = (request, response) => {
      const link = `<http://${request.url?.includes('page') === true ? 'other.test' : host}/v2/app/tags/list?page=1>; rel="next"`;
      response.writeHead(200, { link }).end('{"tags":["a"]}');
    };
    const scripted = await scriptedRegistry(answer);
    host = scripted.host;
    await expect(scripted.registry.listRepository(`${host}/app`, scripted.call)).rejects.toMatchObject({
      code: 'REFUSED_ADDRESS',
      message: expect.stringContaining('other.test') as string,
    });
    expect(scripted.server.requests).toHaveLength(2);
  });

  it('stays on its host when the path of a link looks like the address of another', async () => {
    const other = await scriptedServer((_request, response) => void response.end('{"tags":["b"]}'));
    let host = '';
    const scripted = await scriptedRegistry((request, response) => {
      const link = `<http://${host}//${other.url.host}/v2/app/tags/list?page=1>; rel="next"`;
      const isFirst = request.url?.startsWith('/v2/') === true;
      response.writeHead(200, isFirst ? { link } : {}).end('{"tags":["a"]}');
    });
    host = scripted.host;
    await scripted.registry.listRepository(`${host}/app`, scripted.call);
    expect(other.requests).toEqual([]);
    expect(scripted.server.requests.at(-1)).toBe(`GET //${other.url.host}/v2/app/tags/list?page=1`);
  });

  it.each(['<http://[>; rel="next"', '<https://>; rel="next"', '<http://a b>; rel=next'])(
    'rejects a link to an invalid address: %s',
    async (link) => {
      const answer: Answer = (_request, response) => void response.writeHead(200, { link }).end('{"tags":["a"]}');
      const { registry, host, call } = await scriptedRegistry(answer);
      await expect(registry.listRepository(`${host}/app`, call)).rejects.toMatchObject({
        code: 'REGISTRY_PROTOCOL',
        message: expect.stringContaining('invalid address') as string,
      });
    },
  );

  it('detects pages that form a loop', async () => {
    const answer: Answer = (request, response) => {
      const next = request.url?.endsWith('page=1') === true ? 2 : 1;
      response.writeHead(200, { link: `</v2/app/tags/list?page=${next}>; rel="next"` }).end('{"tags":["a"]}');
    };
    const { registry, server, host, call } = await scriptedRegistry(answer);
    await expect(registry.listRepository(`${host}/app`, call)).rejects.toThrow(/in a loop/);
    expect(server.requests.length).toBeLessThanOrEqual(4);
  });

  it('joins the digests of all pages with the Google extension', async () => {
    const answer = pages([
      { tags: ['v1'], manifest: { [DIGEST]: { tag: ['v1'], mediaType: 'm', timeUploadedMs: '1700000000000' } } },
      { manifest: { [OTHER]: { tag: [], timeUploadedMs: '0' } } },
    ]);
    const { registry, host, call } = await scriptedRegistry(answer);
    expect(await registry.listRepository(`${host}/app`, call)).toEqual({
      kind: 'digests',
      manifests: new Map([
        [DIGEST, { tags: ['v1'], mediaType: 'm', uploadedAt: 1_700_000_000_000 }],
        [OTHER, { tags: [] }],
      ]),
      children: new Set(),
    });
  });

  it('returns the children of a folder, which has neither tags nor manifests', async () => {
    const { registry, host, call } = await scriptedRegistry(pages([{ tags: [], child: ['a', 'b'] }]));
    expect(await registry.listRepository(`${host}/app`, call)).toEqual({
      kind: 'digests',
      manifests: new Map(),
      children: new Set(['a', 'b']),
    });
  });

  it('treats an empty listing as tags until the host has returned digests once', async () => {
    const bodies = [{ tags: [] }, { tags: [], manifest: { [DIGEST]: { tag: [] } } }, { tags: [] }];
    let nth = 0;
    const { registry, host, call } = await scriptedRegistry(
      (_, response) => void response.end(JSON.stringify(bodies[nth++])),
    );
    const kinds = [];
    for (const _ of bodies) kinds.push((await registry.listRepository(`${host}/app`, call)).kind);
    expect(kinds).toEqual(['tags', 'digests', 'digests']);
  });

  it('treats 404 as an empty repository, and throws for 401 and 403', async () => {
    let status = 404;
    const { registry, host, call } = await scriptedRegistry((_, response) => void response.writeHead(status).end());
    expect(await registry.listRepository(`${host}/app`, call)).toEqual({ kind: 'tags', tags: new Set() });
    status = 401;
    await expect(registry.listRepository(`${host}/app`, call)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    status = 403;
    await expect(registry.listRepository(`${host}/app`, call)).rejects.toMatchObject({ code: 'DENIED' });
  });

  it.each([
    ['HTML', '<html></html>'],
    ['nothing', ''],
    ['a list', '["a"]'],
    ['null', 'null'],
    ['an error under status 200', '{"errors":[{"code":"UNKNOWN"}]}'],
    ['an object of something else', '{}'],
    ['tags that are a string', '{"tags":"v1"}'],
    ['a tag that is a number', '{"tags":["v1",2]}'],
    ['manifests that are a list', '{"manifest":[]}'],
    ['a manifest without a digest', '{"manifest":{"latest":{"tag":[]}}}'],
    ['a manifest that is null', `{"manifest":{"${DIGEST}":null}}`],
    ['tags of a manifest that are none', `{"manifest":{"${DIGEST}":{"tag":[1]}}}`],
  ])('rejects %s, naming the repository', async (_, body) => {
    const { registry, host, call } = await scriptedRegistry((_request, response) => void response.end(body));
    const listing = registry.listRepository(`${host}/app`, call);
    await expect(listing).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL' });
    await expect(listing).rejects.toThrow(`${host}/app`);
  });
});

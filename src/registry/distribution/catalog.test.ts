import { describe, expect, it } from 'vitest';
import { scriptedRegistry } from '../../../test/support/scripted-registry.ts';
import type { Answer } from '../../../test/support/scripted-server.ts';

/** A catalog in pages of two names. */
function catalogOf(names: readonly string[]): Answer {
  return (request, response) => {
    const from = Number(new URL(request.url ?? '', 'http://registry').searchParams.get('from') ?? 0);
    const more = from + 2 < names.length ? { link: `</v2/_catalog?from=${from + 2}>; rel="next"` } : {};
    response.writeHead(200, more).end(JSON.stringify({ repositories: names.slice(from, from + 2) }));
  };
}

const answering =
  (status: number, body: string): Answer =>
  (_, response) =>
    void response.writeHead(status).end(body);

describe('src/registry/distribution/catalog', () => {
  it('lists the names at and below a root, page by page, and none that only share its prefix', async () => {
    const answer = catalogOf(['prod', 'prod-other/app', 'prod/app', 'prod/app/deep', 'staging/app']);
    const { registry, server, host, call } = await scriptedRegistry(answer);
    expect(await registry.listRepositories(`${host}/prod`, call)).toEqual(
      ['prod', 'prod/app', 'prod/app/deep'].map((path) => `${host}/${path}`),
    );
    expect(await registry.listRepositories(host, call)).toHaveLength(5);
    expect(server.requests).toHaveLength(6);
    expect(server.requests[0]).toBe('GET /v2/_catalog');
  });

  it('requests full pages if the kind of registry has a page size', async () => {
    const { registry, server, host, call } = await scriptedRegistry(catalogOf([]), {
      traitsOf: () => ({ kind: 'gitlab' }),
    });
    expect(await registry.listRepositories(host, call)).toEqual([]);
    expect(server.requests).toEqual(['GET /v2/_catalog?n=1000']);
  });

  it('treats null as empty, as distribution returns it', async () => {
    const { registry, host, call } = await scriptedRegistry(answering(200, '{"repositories":null}'));
    expect(await registry.listRepositories(host, call)).toEqual([]);
  });

  it('rejects an invalid name below the root, and ignores one elsewhere', async () => {
    const { registry, host, call } = await scriptedRegistry(catalogOf(['prod/../secret', 'Odd/Name']));
    await expect(registry.listRepositories(`${host}/prod`, call)).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL' });
    expect(await registry.listRepositories(`${host}/staging`, call)).toEqual([]);
  });

  it.each([
    [404, '404 page not found', 'NOT_FOUND', 'use a registry that has one'],
    [405, '', 'NOT_FOUND', 'use a registry that has one'],
    [401, '{"errors":[{"code":"UNAUTHORIZED"}]}', 'UNAUTHORIZED', 'use an account with permission to list the catalog'],
    [403, '{"errors":[{"code":"DENIED"}]}', 'DENIED', 'use an account with permission to list the catalog'],
  ])('hints at the alternatives after a %d', async (status, body, code, hint) => {
    const { registry, host, call } = await scriptedRegistry(answering(status, body));
    const listing = registry.listRepositories(`${host}/prod`, call);
    await expect(listing).rejects.toMatchObject({
      code,
      message: expect.stringContaining(host) as string,
      hint: expect.stringMatching(`^${hint}.*--snapshot HOST/PATH.*--manifest-based-snapshot-of`) as string,
    });
  });

  it.each(['<html></html>', '["a"]', '{}', '{"repositories":"a"}', '{"repositories":["a",1]}', 'null'])(
    'rejects %s',
    async (body) => {
      const { registry, host, call } = await scriptedRegistry(answering(200, body));
      await expect(registry.listRepositories(host, call)).rejects.toMatchObject({
        code: 'REGISTRY_PROTOCOL',
        message: expect.stringContaining(`the catalog of ${host}`) as string,
      });
    },
  );
});

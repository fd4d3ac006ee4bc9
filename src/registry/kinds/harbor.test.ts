import { describe, expect, it } from 'vitest';
import { scriptedRegistry, type ScriptedRegistry } from '../../../test/support/scripted-registry.ts';
import type { Answer } from '../../../test/support/scripted-server.ts';
import { digestOf, type Digest } from '../../image/digest.ts';

const [ONE, TWO] = ['one', 'two'].map((text) => digestOf(Buffer.from(text))) as [Digest, Digest];
const ARTIFACTS = [
  { digest: ONE, tags: [{ name: 'v1' }, { name: 'latest' }] },
  { digest: TWO, tags: null },
  { digest: TWO, tags: [{ name: 'v2' }] },
];
const PATH = '/api/v2.0/projects/team/repositories/deep%252Fapp/artifacts';
const ROBOT = { kind: 'basic', username: 'robot$promoter', password: 'hunter2' } as const;

/** The artifact API of Harbor with two artifacts on a page, for one robot. */
const artifactApi: Answer = (request, response) => {
  const url = new URL(request.url ?? '', 'http://harbor');
  const isRobot = request.headers.authorization === `Basic ${Buffer.from('robot$promoter:hunter2').toString('base64')}`;
  const page = Number(url.searchParams.get('page'));
  const next = `<${PATH}?page=${page + 1}&page_size=100&with_tag=true>; rel="next"`;
  const link = page * 2 < ARTIFACTS.length ? { link: next } : {};
  if (!isRobot) response.writeHead(401).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
  else if (url.pathname !== PATH) response.writeHead(404).end('{}');
  else response.writeHead(200, link).end(JSON.stringify(ARTIFACTS.slice(page * 2 - 2, page * 2)));
};

const harbor = (answer: Answer): Promise<ScriptedRegistry> =>
  scriptedRegistry(answer, { traitsOf: () => ({ kind: 'harbor' }), credentials: async () => ROBOT });

describe('src/registry/kinds/harbor', () => {
  it('returns the digest of every tag, page by page, for a name with slashes', async () => {
    const { registry, server, host, call } = await harbor(artifactApi);
    expect(await registry.listRepository(`${host}/team/deep/app`, call)).toEqual({
      kind: 'tags',
      tags: new Set(['v1', 'latest', 'v2']),
      digests: new Map([
        ['v1', ONE],
        ['latest', ONE],
        ['v2', TWO],
      ]),
    });
    expect(server.requests).toEqual([1, 2].map((page) => `GET ${PATH}?page=${page}&page_size=100&with_tag=true`));
  });

  it('treats an unknown repository as empty', async () => {
    const { registry, host, call } = await harbor(artifactApi);
    expect(await registry.listRepository(`${host}/team/other`, call)).toMatchObject({ tags: new Set() });
  });

  it('falls back to names if it must not use the API, or if the name has no project', async () => {
    const { registry, server, host, call } = await harbor((request, response) =>
      request.url?.startsWith('/api/') === true
        ? void response.writeHead(403).end('{}')
        : void response.end('{"name":"app","tags":["v1"]}'),
    );
    for (const path of ['app', 'team/app', 'team/app']) {
      expect(await registry.listRepository(`${host}/${path}`, call)).toEqual({ kind: 'tags', tags: new Set(['v1']) });
    }
    expect(server.requests.filter((request) => request.includes('/api/')).length).toBeLessThanOrEqual(1);
  });

  it('falls back to names for good if the API returns no list of artifacts', async () => {
    const { registry, server, host, call } = await harbor(
      ({ url = '' }, response) =>
        void response.end(url.startsWith('/api/') ? '{"items":[]}' : '{"name":"team/app","tags":["v1"]}'),
    );
    for (let time = 1; time <= 2; time += 1) {
      const listing = await registry.listRepository(`${host}/team/app`, call);
      expect(listing).toEqual({ kind: 'tags', tags: new Set(['v1']) });
    }
    expect(server.requests.filter((request) => request.includes('/api/'))).toHaveLength(1);
  });

  it('lists the repositories of a project, page by page, if only administrators may read the catalog', async () => {
    const names = ['team/app', 'team/deep/app', 'team/deep', 'team/deep-other'];
    const path = '/api/v2.0/projects/team/repositories';
    const { registry, server, host, call } = await harbor((request, response) => {
      const url = new URL(request.url ?? '', 'http://harbor');
      const page = Number(url.searchParams.get('page'));
      const link = page === 1 ? { link: `<${path}?page=2&page_size=100>; rel="next"` } : {};
      if (url.pathname === path)
        response
          .writeHead(200, link)
          .end(JSON.stringify(names.slice(page * 2 - 2, page * 2).map((name) => ({ name }))));
      else response.writeHead(401).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
    });
    expect(await registry.listRepositories(`${host}/team`, call)).toEqual(names.map((name) => `${host}/${name}`));
    expect(await registry.listRepositories(`${host}/team/deep`, call)).toEqual([
      `${host}/team/deep/app`,
      `${host}/team/deep`,
    ]);
    expect(server.requests).toHaveLength(4);
    await expect(registry.listRepositories(host, call)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(server.requests.at(-1)).toBe('GET /v2/_catalog');
  });

  it('falls back to the catalog if it must not use the API, and rejects an invalid list of repositories', async () => {
    let body = '[{"name":"../up"}]';
    let status = 200;
    const { registry, host, call } = await harbor((request, response) =>
      request.url?.startsWith('/api/') === true
        ? void response.writeHead(status).end(body)
        : void response.end('{"repositories":["team/app"]}'),
    );
    for (body of ['[{"name":"../up"}]', '{}'])
      await expect(registry.listRepositories(`${host}/team`, call)).rejects.toMatchObject({
        code: 'REGISTRY_PROTOCOL',
      });
    status = 403;
    expect(await registry.listRepositories(`${host}/team`, call)).toEqual([`${host}/team/app`]);
  });
});

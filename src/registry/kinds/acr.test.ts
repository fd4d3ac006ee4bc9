import { describe, expect, it } from 'vitest';
import { scriptedRegistry, type ScriptedRegistry } from '../../../test/support/scripted-registry.ts';
import type { Answer } from '../../../test/support/scripted-server.ts';
import { digestOf, type Digest } from '../../image/digest.ts';
import { readInventory } from '../inventory.ts';

const [ONE, TWO] = ['one', 'two'].map((text) => digestOf(Buffer.from(text))) as [Digest, Digest];
const TAGS = [
  { name: 'v1', digest: ONE, createdTime: '2026-01-01T00:00:00Z' },
  { name: 'v2', digest: TWO },
  { name: 'v3', digest: ONE },
];

/** The tag API of ACR with two tags on a page. */
const tagApi: Answer = (request, response) => {
  const url = new URL(request.url ?? '', 'http://acr');
  const last = url.searchParams.get('last');
  const rest = TAGS.filter(({ name }) => last === null || name > last);
  const more = rest.length > 2 ? { link: `</acr/v1/team/app/_tags?n=2&last=${rest[1]?.name}>; rel="next"` } : {};
  if (url.pathname !== '/acr/v1/team/app/_tags') response.writeHead(404).end('{}');
  else response.writeHead(200, more).end(JSON.stringify({ registry: 'acr', tags: rest.slice(0, 2) }));
};

const acr = (answer: Answer): Promise<ScriptedRegistry> =>
  scriptedRegistry(answer, { traitsOf: () => ({ kind: 'acr' }) });

describe('src/registry/kinds/acr', () => {
  it('returns the digest of every tag, page by page', async () => {
    const { registry, server, host, call } = await acr(tagApi);
    const digests = new Map(TAGS.map(({ name, digest }) => [name, digest]));
    expect(await registry.listRepository(`${host}/team/app`, call)).toEqual({
      kind: 'tags',
      tags: new Set(['v1', 'v2', 'v3']),
      digests,
    });
    expect(server.requests).toEqual(['GET /acr/v1/team/app/_tags?n=1000', 'GET /acr/v1/team/app/_tags?n=2&last=v2']);
  });

  it('makes an inventory that looks up only untagged digests', async () => {
    const { registry, server, host, call } = await acr(tagApi);
    const absent = digestOf(Buffer.from('absent'));
    const question = [
      { digest: ONE, tags: ['v1', 'v3'] },
      { digest: TWO, tags: [] },
      { digest: absent, tags: [] },
    ];
    const inventory = await readInventory(registry, `${host}/team/app`, question, call);
    expect([ONE, TWO, absent].map((digest) => inventory.has(digest))).toEqual([true, true, false]);
    expect(inventory.digestOf('v3')).toBe(ONE);
    expect(server.requests.slice(2)).toEqual([`HEAD /v2/team/app/manifests/${absent}`]);
  });

  it('treats an unknown repository as empty', async () => {
    const { registry, host, call } = await acr(tagApi);
    expect(await registry.listRepository(`${host}/team/other`, call)).toMatchObject({ tags: new Set() });
  });

  it('falls back to names for good if it must not read metadata', async () => {
    const { registry, server, host, call } = await acr((request, response) =>
      request.url?.startsWith('/acr/') === true
        ? void response.writeHead(403).end('{}')
        : void response.end('{"name":"team/app","tags":["v1"]}'),
    );
    const names = { kind: 'tags', tags: new Set(['v1']) };
    expect(await registry.listRepository(`${host}/team/app`, call)).toEqual(names);
    expect(await registry.listRepository(`${host}/team/app`, call)).toEqual(names);
    const list = 'GET /v2/team/app/tags/list?n=1000';
    expect(server.requests).toEqual(['GET /acr/v1/team/app/_tags?n=1000', list, list]);
  });

  it('falls back to names if the API returns no list of tags', async () => {
    const { registry, host, call } = await acr(
      ({ url = '' }, response) =>
        void response.end(url.startsWith('/acr/') ? '{"tags":[{"name":"v1"}]}' : '{"name":"team/app","tags":["v1"]}'),
    );
    const listing = await registry.listRepository(`${host}/team/app`, call);
    expect(listing).toEqual({ kind: 'tags', tags: new Set(['v1']) });
  });
});

import { describe, expect, it, onTestFinished } from 'vitest';
import { openRegistries } from '../../src/cli/wiring/registries.ts';
import { realClock } from '../../src/clock.ts';
import { MEDIA_TYPES } from '../../src/image/descriptor.ts';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { compilePattern } from '../../src/image/pattern.ts';
import { collect } from '../contract/registry.subject.ts';
import { oddRegistry, type OddRegistry } from '../support/odd-registry.ts';
import type { Fault, FaultHook } from '../support/registry/faults.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { scriptedRegistry } from '../support/scripted-registry.ts';

const IMAGE = buildImage({ seed: 1 });
const LIMITED = '{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}';
const PAGE = '<html><head><title>Bad Gateway</title></head></html>';

/** Spoils the first answers of a kind. */
const first =
  (kind: string, fault: Fault, times = 1): FaultHook =>
  (request) =>
    request.kind === kind && request.nth <= times ? fault : undefined;

async function withImage(odd: Promise<OddRegistry>): Promise<OddRegistry> {
  const opened = await odd;
  storeImage(opened.server.store, 'prod/app', IMAGE, ['v1']);
  return opened;
}

/** The tags that are listed, however the registry answered at first. */
async function listedAfter(fault: Fault): Promise<{ readonly tags: unknown; readonly requests: number }> {
  const { registry, server, host, call } = await withImage(oddRegistry({ fault: first('list', fault) }));
  const listing = await registry.listRepository(`${host}/prod/app`, call);
  return { tags: listing, requests: server.counters.counts().requests };
}

const WHOLE = { tags: { kind: 'tags', tags: new Set(['v1']) }, requests: 2 };

describe('odd registries: tokens and redirects', () => {
  it('4.3/13 waits where the token server has a limit of its own', async () => {
    const fault = first('token', { status: 429, headers: { 'retry-after': '1' }, body: LIMITED }, 2);
    const allow = () => ['pull'] as const;
    const { registry, server, host, call } = await withImage(oddRegistry({ auth: { scheme: 'bearer', allow }, fault }));
    expect(await registry.listRepository(`${host}/prod/app`, call)).toEqual(WHOLE.tags);
    expect(server.counters.counts().kinds.token).toBe(3);
  });

  it('4.3/18 asks the registry for another address where a signed one has failed', async () => {
    const blob = Buffer.from('blob');
    const { registry, server, host, call } = await scriptedRegistry((request, response) => {
      const asked = server.requests.filter((line) => line.includes('/v2/')).length;
      if (request.url?.startsWith('/v2/') === true)
        response.writeHead(307, { location: `/storage?signature=${asked}` }).end();
      else if (request.url === '/storage?signature=1') response.writeHead(503).end();
      else response.end(blob);
    });
    const descriptor = { mediaType: 'any', digest: digestOf(blob), size: blob.length };
    expect(await collect(registry.readBlob(`${host}/app`, descriptor, call))).toEqual(blob);
    expect(server.requests.at(-1)).toBe('GET /storage?signature=2');
  });
});

describe('odd registries: answers', () => {
  it.each([200, 403])('4.3/57 tries again where a body says TOOMANYREQUESTS under status %i', async (status) => {
    expect(await listedAfter({ status, body: LIMITED, headers: { 'content-type': 'application/json' } })).toEqual(
      WHOLE,
    );
  });

  it.each([429, 500, 502, 503])('4.3/59 tries again where a proxy answers %i with a page', async (status) => {
    expect(await listedAfter({ status, body: PAGE, headers: { 'content-type': 'text/html' } })).toEqual(WHOLE);
  });

  it('4.3/59 tells the title of the page, and takes no page for an empty repository', async () => {
    const { registry, host, call } = await oddRegistry({
      fault: () => ({ status: 200, body: PAGE, headers: { 'content-type': 'text/html' } }),
    });
    await expect(registry.listRepository(`${host}/prod/app`, call)).rejects.toMatchObject({
      code: 'REGISTRY_PROTOCOL',
    });
  });

  it.each([499, 503, 520, 521, 522, 523, 524])('4.3/60 tries again after %i', async (status) => {
    expect(await listedAfter({ status })).toEqual(WHOLE);
  });

  it.each(['truncate', 'reset', 'resetAfter'] as const)('4.3/62 tries again after a %s', async (fault) => {
    expect(await listedAfter(fault)).toEqual(WHOLE);
  });

  it('4.3/62 tries again where an answer stalls with its connection open', async () => {
    const { registry, host, call } = await withImage(
      oddRegistry({ fault: first('list', 'stall') }, {}, { timeouts: { idle: 10_000 } }),
    );
    expect(await registry.listRepository(`${host}/prod/app`, call)).toEqual(WHOLE.tags);
  });

  it('4.3/63 takes 403 for missing from Artifactory, and from nobody else', async () => {
    const missing = { mediaType: 'any', digest: digestOf(Buffer.from('missing')), size: 7 };
    const ask = async (kind: string): Promise<unknown> => {
      const { registry, host, call } = await oddRegistry(
        { fault: () => ({ status: 403 }) },
        { traitsOf: () => ({ kind }) },
      );
      const repository = `${host}/prod/app`;
      return [
        await registry.resolveManifest(repository, 'v1', call),
        await registry.readManifest(repository, 'v1', call),
        await registry.lookUpBlob(repository, missing, call),
        await registry.listRepository(repository, call),
      ];
    };
    expect(await ask('artifactory')).toEqual([undefined, undefined, 'absent', { kind: 'tags', tags: new Set() }]);
    await expect(ask('generic')).rejects.toMatchObject({ code: 'DENIED' });
  });

  it('4.3/63 takes the kind of a host from the registry configuration', async () => {
    const { host, call } = await oddRegistry({ fault: () => ({ status: 403 }) });
    const registries = [{ match: compilePattern(host), kind: 'artifactory' as const }];
    const { registry, close } = openRegistries({
      env: { HOME: '/nonexistent' },
      clock: realClock(),
      narrate: () => undefined,
      random: () => 0,
      config: { publicNames: [], attachments: [], registries },
    });
    onTestFinished(close);
    expect(await registry.readManifest(`${host}/prod/app`, 'v1', call)).toBeUndefined();
  });

  it.each([
    [402, 'the billing'],
    [412, 'immutable tags'],
    [451, 'legal reasons'],
  ])('4.3/64 says what %i is about', async (status, words) => {
    const { registry, host, call, asked } = await oddRegistry({ fault: () => ({ status, body: 'no' }) });
    const writing = registry.writeManifest(`${host}/prod/app`, IMAGE.manifest.descriptor.digest, IMAGE.manifest, call);
    await expect(writing).rejects.toMatchObject({ code: 'DENIED', hint: expect.stringContaining(words) as string });
    expect(asked()).toHaveLength(1);
  });
});

describe('odd registries: names', () => {
  it('4.3/65 finds what has no namespace on Docker Hub in library', async () => {
    const requests: string[] = [];
    const { registry, call } = await scriptedRegistry((_, response) => void response.writeHead(404).end(), {
      fetch: async ({ url, scopes }) => {
        requests.push(`${url.pathname} ${scopes?.[0]?.repository}`);
        throw new Error('asked');
      },
    });
    for (const repository of ['docker.io/nginx', 'index.docker.io/acme/app', 'quay.io/nginx'])
      await expect(registry.readManifest(repository, 'v1', call)).rejects.toThrow('asked');
    expect(requests).toEqual([
      '/v2/library/nginx/manifests/v1 library/nginx',
      '/v2/acme/app/manifests/v1 acme/app',
      '/v2/nginx/manifests/v1 nginx',
    ]);
  });

  it('4.3/67 reads by digest from a host with a port, sha512 as well', async () => {
    const { bytes } = IMAGE.manifest;
    const digest = digestOf(bytes, `sha512:${'0'.repeat(128)}` as Digest);
    const { registry, server, host, call } = await scriptedRegistry(
      (_, response) => void response.writeHead(200, { 'content-type': MEDIA_TYPES.ociManifest }).end(bytes),
    );
    expect((await registry.readManifest(`${host}/app`, digest, call))?.descriptor.digest).toBe(digest);
    expect(host).toMatch(/:\d+$/);
    expect(server.requests).toEqual([`GET /v2/app/manifests/${digest}`]);
  });
});

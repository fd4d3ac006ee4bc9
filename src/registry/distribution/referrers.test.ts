import { describe, expect, it } from 'vitest';
import { oddRegistry, type OddRegistry } from '../../../test/support/odd-registry.ts';
import { buildAttachment } from '../../../test/support/registry/attachments.ts';
import type { FaultHook } from '../../../test/support/registry/faults.ts';
import { buildImage, storeImage } from '../../../test/support/registry/images.ts';
import type { RegistryOptions } from '../../../test/support/registry/options.ts';
import { scriptedRegistry } from '../../../test/support/scripted-registry.ts';
import type { Answer } from '../../../test/support/scripted-server.ts';
import { MEDIA_TYPES } from '../../image/descriptor.ts';
import { digestOf } from '../../image/digest.ts';
import { kindNamed } from '../kinds/index.ts';
import { attacher, fallbackTag, type Attachment } from '../attaching/attacher.ts';
import { subjectLock } from '../attaching/lock.ts';

const SUBJECT = digestOf(Buffer.from('a manifest'));
const REFERRER = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(Buffer.from('another')), size: 7 };
/** The first wait is longer than all waits may be. */
const ONE_TRY = { retryBudget: 100, random: () => 1 };
const INDEX = { 'content-type': MEDIA_TYPES.ociIndex };
const body = (...manifests: readonly object[]): string => JSON.stringify({ schemaVersion: 2, manifests });

/** Answers requests for the API in one way, those for the fallback tag in another. */
function either(api: Answer, tag: Answer = (_, response) => void response.writeHead(404).end()): Answer {
  return (request, response) => (request.url?.includes('/referrers/') === true ? api : tag)(request, response);
}

const listed: Answer = (_, response) => void response.writeHead(200, INDEX).end(body(REFERRER));

/** A registry with an image that two things are attached to. */
async function attached(
  options: RegistryOptions,
): Promise<OddRegistry & { readonly attachments: readonly Attachment[]; list(): Promise<readonly object[]> }> {
  const odd = await oddRegistry(options);
  const subject = storeImage(odd.server.store, 'app', buildImage({ seed: 1 }), ['v1']);
  const { attach } = attacher(
    odd.registry,
    subjectLock(async () => undefined),
  );
  const attachments = [2, 3].map((seed) => buildAttachment({ seed, subject }));
  for (const attachment of attachments) await attach(`${odd.host}/app`, attachment, odd.call);
  odd.server.counters.reset();
  return {
    ...odd,
    attachments,
    list: () => odd.registry.listReferrers(`${odd.host}/app`, subject.digest, odd.call),
  };
}

describe('src/registry/distribution/referrers', () => {
  it('lists with one request if the registry has the API', async () => {
    const { attachments, list, asked } = await attached({});
    expect(await list()).toEqual(attachments.map(({ referrer }) => referrer));
    expect(asked()).toEqual([expect.stringMatching(/^GET .*\/referrers\//)]);
  });

  it('requests one type, and reports whether a host has the API, or does not say', async () => {
    const { registry, server, host, call, asked } = await attached({});
    await registry.listReferrers(`${host}/app`, SUBJECT, call, 'application/x+json; a=b');
    expect(asked()).toEqual([expect.stringMatching(/\?artifactType=application%2Fx%2Bjson%3B%20a%3Db$/)]);
    server.counters.reset();
    expect(await registry.keepsReferrers(`${host}/app`, SUBJECT, call)).toBe(true);
    expect(asked()).toEqual([]);
    const none = await oddRegistry({ referrers: false });
    expect(await none.registry.keepsReferrers(`${none.host}/app`, SUBJECT, none.call)).toBe(false);
    const empty = await oddRegistry({});
    expect(await empty.registry.keepsReferrers(`${empty.host}/nothing`, SUBJECT, empty.call)).toBe(undefined);
  });

  it('R26 lists entries without types and annotations unchanged', async () => {
    const { attachments, list } = await attached({ referrers: 'bare' });
    const descriptors = attachments.map(({ manifest }) => manifest.descriptor);
    expect(await list()).toEqual(descriptors);
  });

  it("R26 lists entries that have the config's type as the artifact type unchanged", async () => {
    const { attachments, list } = await attached({ referrers: 'config-type' });
    const artifactType = 'application/vnd.oci.empty.v1+json';
    expect(await list()).toEqual(attachments.map(({ manifest }) => ({ ...manifest.descriptor, artifactType })));
  });

  it('R26 reads the fallback tag after a 404, and directly from then on', async () => {
    const { attachments, list, asked } = await attached({ referrers: false });
    expect(await list()).toEqual(attachments.map(({ referrer }) => referrer));
    expect(await list()).toHaveLength(2);
    const tag = expect.stringContaining(
      `/manifests/${fallbackTag(attachments[0]?.subject.digest ?? SUBJECT)}`,
    ) as string;
    expect(asked()).toEqual([tag, tag]);
  });

  it.each([
    [500, 'REGISTRY_ERROR'],
    [503, 'REGISTRY_ERROR'],
    [401, 'UNAUTHORIZED'],
    [403, 'DENIED'],
  ])('R26 throws after a %i, from the list and from the tag', async (status, code) => {
    for (const kind of ['referrers', 'getManifest']) {
      const fault: FaultHook = (request) => (request.kind === kind ? { status } : undefined);
      const { registry, host, call } = await oddRegistry({ referrers: false, fault }, {}, ONE_TRY);
      await expect(registry.listReferrers(`${host}/app`, SUBJECT, call)).rejects.toMatchObject({ code });
    }
  });

  it.each([
    ['400', 400, {}],
    ['405', 405, {}],
    ['406', 406, {}],
    ['501', 501, {}],
    ['a web page', 200, { 'content-type': 'text/html' }],
    ['an image index of no type', 200, {}],
  ])('treats %s as a registry without the API', async (_, status, headers) => {
    const { registry, server, host, call } = await scriptedRegistry(
      either((_request, response) => void response.writeHead(status, headers).end(body(REFERRER))),
    );
    expect(await registry.listReferrers(`${host}/app`, SUBJECT, call)).toEqual([]);
    expect(await registry.keepsReferrers(`${host}/app`, SUBJECT, call)).toBe(false);
    expect(server.requests).toHaveLength(2);
  });

  it('treats a redirect to a web page, as GHCR sends, as a registry without the API', async () => {
    const page: Answer = (request, response) =>
      request.url?.includes('/web/') === true
        ? void response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not found</h1>')
        : void response.writeHead(303, { location: '/web/sha256-1234' }).end();
    const { registry, host, call } = await scriptedRegistry((request, response) =>
      (/referrers|web/.test(request.url ?? '') ? page : listed)(request, response),
    );
    expect(await registry.listReferrers(`${host}/app`, SUBJECT, call)).toEqual([REFERRER]);
    expect(await registry.keepsReferrers(`${host}/app`, SUBJECT, call)).toBe(false);
  });

  it('does not treat a host as one without the API because one repository is unknown', async () => {
    const { registry, host, call } = await scriptedRegistry(
      either((request, response) => {
        if (request.url?.startsWith('/v2/app/') === true) return listed(request, response);
        response.writeHead(404).end('{"errors":[{"code":"NAME_UNKNOWN"}]}');
      }),
    );
    expect(await registry.listReferrers(`${host}/unknown`, SUBJECT, call)).toEqual([]);
    expect(await registry.listReferrers(`${host}/app`, SUBJECT, call)).toEqual([REFERRER]);
  });

  it('reads no fallback tag for an unknown repository of a host with the API', async () => {
    const { registry, server, host, call } = await scriptedRegistry(
      either((request, response) => {
        if (request.url?.startsWith('/v2/app/') === true) return listed(request, response);
        response.writeHead(404).end();
      }),
    );
    await registry.listReferrers(`${host}/app`, SUBJECT, call);
    expect(await registry.listReferrers(`${host}/unknown`, SUBJECT, call)).toEqual([]);
    expect(server.requests).toHaveLength(2);
  });

  it('follows pages', async () => {
    const { attachments, list, asked } = await attached({ pageSize: 1 });
    expect(await list()).toEqual(attachments.map(({ referrer }) => referrer));
    expect(asked()).toHaveLength(2);
  });

  it('throws if a page after the first is missing', async () => {
    const { registry, host, call } = await scriptedRegistry((request, response) => {
      const isFirst = request.url?.includes('?') === false;
      response.writeHead(isFirst ? 200 : 404, { ...INDEX, link: '<?page=1>; rel="next"' }).end(body(REFERRER));
    });
    await expect(registry.listReferrers(`${host}/app`, SUBJECT, call)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each(['', '{}', '[]', '{"manifests":[{"digest":"latest"}]}'])(
    'rejects %j under status 200, naming the subject',
    async (text) => {
      const answer: Answer = (_, response) => void response.writeHead(200, INDEX).end(text);
      const { registry, host, call } = await scriptedRegistry(answer);
      await expect(registry.listReferrers(`${host}/app`, SUBJECT, call)).rejects.toMatchObject({
        code: 'REGISTRY_PROTOCOL',
        message: expect.stringContaining(`${host}/app@${SUBJECT}`) as string,
      });
    },
  );

  it('treats 403 as missing if the kind of registry responds so for all missing content', async () => {
    const { registry, host, call } = await scriptedRegistry((_, response) => void response.writeHead(403).end(), {
      traitsOf: () => ({ kind: kindNamed('artifactory')?.name ?? '' }),
    });
    expect(await registry.listReferrers(`${host}/app`, SUBJECT, call)).toEqual([]);
  });

  it('checks once whether a host lists referrers without saying so', async () => {
    const { registry, host, call, asked, attachments } = await attached({ referrers: 'unannounced' });
    const subject = attachments[0]?.subject.digest ?? SUBJECT;
    expect(await registry.keepsReferrers(`${host}/app`, subject, call)).toBe(true);
    expect(asked()).toEqual([]);
  });
});

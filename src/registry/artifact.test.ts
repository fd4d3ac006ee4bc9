import { describe, expect, it } from 'vitest';
import { oddRegistry, type OddRegistry } from '../../test/support/odd-registry.ts';
import type { RegistryOptions } from '../../test/support/registry/options.ts';
import { MEDIA_TYPES } from '../image/descriptor.ts';
import { digestOf } from '../image/digest.ts';
import { pullArtifact, pushArtifact, type Artifact, type ArtifactLimits, type PulledArtifact } from './artifact.ts';

const TYPE = 'application/vnd.example.files';
const artifact = (...texts: readonly string[]): Artifact => ({
  artifactType: TYPE,
  layers: texts.map((text, index) => ({
    title: `${index}.json`,
    mediaType: 'application/json',
    bytes: Buffer.from(text),
  })),
});

type World = OddRegistry & {
  push(content: Artifact): Promise<string>;
  pull(limits?: Partial<ArtifactLimits>, reference?: string): Promise<PulledArtifact | undefined>;
  /** Stores any manifest under the tag. */
  store(document: object, mediaType?: string): void;
};

async function world(options: RegistryOptions = {}): Promise<World> {
  const odd = await oddRegistry({ allowMissing: true, ...options });
  const repository = `${odd.host}/files`;
  return {
    ...odd,
    push: (content) => pushArtifact(odd.registry, { repository, tag: 'v1' }, content, odd.call),
    pull: (limits, reference = 'v1') =>
      pullArtifact(odd.registry, repository, reference, { maxBytes: 1000, ...limits }, odd.call),
    store: (document, mediaType = MEDIA_TYPES.ociManifest) => {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...document }));
      odd.server.store.putManifest('files', 'v1', mediaType, bytes);
    },
  };
}

const textsOf = (pulled: PulledArtifact | undefined): unknown =>
  Object.fromEntries([...(pulled?.files ?? [])].map(([title, bytes]) => [title, Buffer.from(bytes).toString()]));

const layer = (title: string, size = 1): object => ({
  mediaType: 'text/plain',
  digest: digestOf(Buffer.from(title)),
  size,
  annotations: { 'org.opencontainers.image.title': title },
});
const config = { mediaType: TYPE, digest: digestOf(Buffer.from('{}')), size: 2 };

describe('src/registry/artifact', () => {
  it('returns the pushed files by tag and by digest', async () => {
    const { push, pull } = await world();
    const digest = await push(artifact('{"a":1}', '[]'));
    const files = { '0.json': '{"a":1}', '1.json': '[]' };
    expect(textsOf(await pull({ artifactType: TYPE }))).toEqual(files);
    const byDigest = await pull({}, digest);
    expect([textsOf(byDigest), byDigest?.digest]).toEqual([files, digest]);
  });

  it('stores equal content under an equal digest, and replaces other content of the tag', async () => {
    const { push, pull } = await world();
    expect(await push(artifact('1'))).toBe(await push(artifact('1')));
    await push(artifact('2'));
    expect(textsOf(await pull())).toEqual({ '0.json': '2' });
  });

  it.each([400, 415])(
    'states the type in the config for a registry that rejects artifactType with %i',
    async (status) => {
      const { push, pull, server } = await world({
        fault: ({ kind, nth }) => (kind === 'putManifest' && nth === 2 ? { status, readBody: true } : undefined),
      });
      await push(artifact('0'));
      const digest = await push(artifact('1'));
      const pulled = await pull({ artifactType: TYPE });
      expect([pulled?.digest, textsOf(pulled)]).toEqual([digest, { '0.json': '1' }]);
      const bytes = [...(server.store.repository('files')?.manifests ?? [])].find(([one]) => one === digest)?.[1].bytes;
      expect(JSON.parse(Buffer.from(bytes ?? []).toString())).toMatchObject({ config: { mediaType: TYPE } });
    },
  );

  it('reports the first error of a registry that rejects both forms', async () => {
    const { push } = await world({
      fault: ({ kind, nth }) =>
        kind === 'putManifest'
          ? { status: 400, body: `attempt ${nth}`, headers: { 'content-type': 'text/plain' } }
          : undefined,
    });
    await expect(push(artifact('1'))).rejects.toMatchObject({ message: expect.stringContaining('attempt 1') });
  });

  it('returns undefined if the registry does not have the tag', async () => {
    expect(await (await world()).pull()).toBeUndefined();
  });

  it('omits layers without a title', async () => {
    const { store, pull } = await world();
    store({ config, layers: [{ mediaType: 'text/plain', digest: digestOf(Buffer.from('x')), size: 1 }] });
    expect(textsOf(await pull())).toEqual({});
  });

  it.each([
    ['of another type', { config, layers: [] }, /artifact type application\/vnd\.example\.files, not other/],
    ['with two files of one name', { config, layers: [layer('a'), layer('a')] }, /two files/],
    ['beyond the limit', { config, layers: [layer('a', 600), layer('b', 401)] }, /1001 bytes, more than 1000/],
    ['with too many files', { config, layers: Array.from({ length: 101 }, (_, n) => layer(`${n}`)) }, /100 files/],
    ['that has no layers', { layers: [] }, /not an image manifest/],
  ])('rejects an artifact %s before it reads files', async (name, document, message) => {
    const { store, pull, asked } = await world();
    store(document);
    const limits = name === 'of another type' ? { artifactType: 'other/type' } : {};
    await expect(pull(limits)).rejects.toMatchObject({
      code: 'UNSUPPORTED_MANIFEST',
      message: expect.stringMatching(message),
    });
    expect(asked().filter((request) => request.includes('/blobs/'))).toEqual([]);
  });

  it('rejects an index', async () => {
    const { store, pull } = await world();
    store({ manifests: [] }, MEDIA_TYPES.ociIndex);
    await expect(pull()).rejects.toMatchObject({ code: 'UNSUPPORTED_MANIFEST' });
  });

  it('rejects files that do not match their digest', async () => {
    const { push, pull } = await world({
      fault: ({ method, path }) => (method === 'GET' && path.includes('/blobs/') ? 'corrupt' : undefined),
    });
    await push(artifact('{"a":1}'));
    await expect(pull()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });
});

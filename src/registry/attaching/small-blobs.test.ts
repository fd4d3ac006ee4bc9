import { describe, expect, it } from 'vitest';
import { oddRegistry, type OddRegistry } from '../../../test/support/odd-registry.ts';
import type { Fault } from '../../../test/support/registry/faults.ts';
import type { RegistryOptions } from '../../../test/support/registry/options.ts';
import { digestOf } from '../../image/digest.ts';
import { sendBlobs, storeBlobs, type SmallBlob } from './small-blobs.ts';

const blobOf = (text: string): SmallBlob => {
  const bytes = Buffer.from(text);
  return { bytes, descriptor: { mediaType: 'text/plain', digest: digestOf(bytes), size: bytes.length } };
};
const BLOBS = ['one', 'two'].map(blobOf);

type World = OddRegistry & { store(): Promise<boolean>; methods(): readonly string[]; holds(): readonly string[] };

async function world(options: RegistryOptions = {}): Promise<World> {
  const odd = await oddRegistry(options);
  return {
    ...odd,
    store: () => storeBlobs(odd.registry, `${odd.host}/app`, BLOBS, odd.call),
    methods: () => odd.asked().map((request) => request.split(' ')[0] ?? ''),
    holds: () => [...(odd.server.store.repository('app')?.blobs.keys() ?? [])].toSorted(),
  };
}

const ALL = BLOBS.map(({ descriptor }) => descriptor.digest).toSorted();

describe('src/registry/attaching/small-blobs', () => {
  it('uploads a missing blob with two requests, and detects an existing one with one', async () => {
    const { store, holds, methods, server } = await world();
    expect(await store()).toBe(false);
    expect(holds()).toEqual(ALL);
    expect(methods().toSorted()).toEqual(['POST', 'POST', 'PUT', 'PUT']);
    server.counters.reset();
    expect(await store()).toBe(true);
    expect(methods()).toEqual(['POST', 'POST']);
    expect(server.openUploads()).toBe(0);
  });

  it('returns false if one blob was missing', async () => {
    const { store, registry, host, call } = await world();
    await storeBlobs(registry, `${host}/app`, BLOBS.slice(1), call);
    expect(await store()).toBe(false);
  });

  it('uploads the blob if the registry refuses to mount or does not support it', async () => {
    const refusing: RegistryOptions = {
      fault: ({ path }) => (path.includes('mount=') ? { status: 405 } : undefined),
    };
    for (const options of [refusing, { mounts: false }]) {
      const { store, holds } = await world(options);
      expect(await store()).toBe(false);
      expect(holds()).toEqual(ALL);
    }
  });

  it('does not upload again if only the response was lost', async () => {
    const { store, holds, methods } = await world({
      fault: ({ kind, nth }) => (kind === 'put' && nth === 1 ? 'resetAfter' : undefined),
    });
    await store();
    expect(holds()).toEqual(ALL);
    expect(methods().filter((method) => method === 'POST')).toHaveLength(2);
  });

  it('starts a lost upload again, at most three times', async () => {
    const lost: Fault = { status: 404, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}' };
    const once = await world({ fault: ({ kind, nth }) => (kind === 'put' && nth === 1 ? lost : undefined) });
    await once.store();
    expect(once.holds()).toEqual(ALL);
    const always = await world({ fault: ({ kind }) => (kind === 'put' ? lost : undefined) });
    const sending = sendBlobs(always.registry, `${always.host}/app`, BLOBS.slice(1), always.call);
    await expect(sending).rejects.toMatchObject({ code: 'UPLOAD_LOST' });
    expect(always.methods().filter((method) => method === 'PUT')).toHaveLength(3);
  });

  it('deletes an upload that the registry rejected', async () => {
    const { store, server } = await world({ fault: ({ kind }) => (kind === 'put' ? { status: 403 } : undefined) });
    await expect(store()).rejects.toMatchObject({ code: 'DENIED' });
    expect(server.counters.counts().kinds.deleteUpload).toBeGreaterThan(0);
  });
});

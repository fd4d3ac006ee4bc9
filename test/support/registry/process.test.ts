import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { buildImage } from './images.ts';
import { startRegistryProcess, type RegistryProcess } from './process.ts';

const [one, two] = [digestOf(Buffer.from('one')), digestOf(Buffer.from('two'))];

describe('test/support/registry/process.ts', () => {
  let registries: RegistryProcess | undefined;

  const running = (): RegistryProcess => {
    if (registries === undefined) throw new Error('the registry process did not start');
    return registries;
  };

  beforeAll(async () => {
    const app = {
      name: 'app',
      manifests: [
        { digest: one, tags: ['v1'] },
        { digest: two, tags: ['v2', 'latest'] },
      ],
    };
    registries = await startRegistryProcess({
      contents: { all: { repositories: [app] } },
      registries: [
        { load: { images: [{ repository: 'staging/app', image: { seed: 1 }, tags: ['v1'] }] } },
        { options: { google: true }, load: { content: [{ name: 'all', prefix: 'prod/' }] } },
        { options: { google: true }, load: { content: [{ name: 'all', prefix: 'prod/', without: [two] }] } },
      ],
    });
  });

  afterAll(async () => registries?.close());

  it('serves what each registry was loaded with', async () => {
    const lists = await Promise.all(
      ['staging/app', 'prod/app', 'prod/app'].map(async (path, index) => {
        const { tags } = (await (await fetch(`http://${running().hosts[index]}/v2/${path}/tags/list`)).json()) as {
          tags: string[];
        };
        return tags;
      }),
    );
    expect(lists).toEqual([['v1'], ['latest', 'v1', 'v2'], ['v1']]);
    const manifest = await fetch(`http://${running().hosts[0]}/v2/staging/app/manifests/v1`);
    expect(manifest.headers.get('docker-content-digest')).toBe(buildImage({ seed: 1 }).manifest.descriptor.digest);
  });

  it('tells its counters, contents and unexpected requests', async () => {
    await running().reset();
    await fetch(`http://${running().hosts[1]}/v2/`);
    await fetch(`http://${running().hosts[2]}/nowhere`);
    expect((await running().counts()).map(({ kinds }) => kinds)).toEqual([{}, { ping: 1 }, { unexpected: 1 }]);
    expect(await running().unexpected()).toEqual(['GET /nowhere']);
    expect((await running().snapshots())[2]?.['prod/app']?.tags).toEqual({ v1: one });
  });

  it('changes one registry without the others that share its content', async () => {
    expect((await fetch(`http://${running().hosts[1]}/v2/prod/app/manifests/v1`, { method: 'DELETE' })).status).toBe(
      202,
    );
    const [, changed, other] = await running().snapshots();
    expect([changed?.['prod/app']?.tags, other?.['prod/app']?.tags]).toEqual([{ v2: two, latest: two }, { v1: one }]);
  });

  it('rejects a spec that it cannot load', async () => {
    await expect(startRegistryProcess({ registries: [{ load: { content: [{ name: 'none' }] } }] })).rejects.toThrow(
      'no content called none',
    );
  });
});

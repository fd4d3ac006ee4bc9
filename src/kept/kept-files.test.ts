import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { oddRegistry } from '../../test/support/odd-registry.ts';
import { MAX_KEPT_BYTES, type KeptFiles } from './kept-files.ts';
import { openKept } from './open.ts';

type Place = { readonly files: KeptFiles; readonly again: KeptFiles };

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-kept-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function inFolder(): Promise<Place & { readonly folder: string }> {
  const { registry, call } = await oddRegistry({ allowMissing: true });
  const folder = join(await newFolder(), 'new', 'cache');
  return { folder, files: openKept({ folder }, registry, call), again: openKept({ folder }, registry, call) };
}

async function inRegistry(): Promise<Place> {
  const { registry, call, host } = await oddRegistry({ allowMissing: true });
  const place = { repository: `${host}/ops/kept`, tag: 'cache' };
  return { files: openKept(place, registry, call), again: openKept(place, registry, call) };
}

const text = async (files: KeptFiles, name: string): Promise<string | undefined> => {
  const bytes = await files.read(name);
  return bytes && Buffer.from(bytes).toString();
};

describe.each([
  ['a folder', inFolder],
  ['a registry', inRegistry],
])('src/kept with files in %s', (_, open) => {
  it('returns undefined before the first write, and then the last content of each file', async () => {
    const { files, again } = await open();
    expect(await files.read('one.json')).toBeUndefined();
    await files.write('one.json', Buffer.from('1'));
    await Promise.all([files.write('one.json', Buffer.from('one')), again.write('two.json', Buffer.from('two'))]);
    expect([await text(again, 'one.json'), await text(files, 'two.json')]).toEqual(['one', 'two']);
  });
});

describe('src/kept/kept-folder.ts', () => {
  it('writes files that only their owner can read, and no others', async () => {
    const { folder, files } = await inFolder();
    await files.write('one.json', Buffer.from('1'));
    expect((await stat(files.placeOf('one.json'))).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['one.json']);
  });

  it.each([
    ['is a link', (file: string) => symlink('/etc/hostname', file)],
    ['may be written by other users', (file: string) => writeFile(file, '1').then(() => chmod(file, 0o666))],
    ['more than', (file: string) => writeFile(file, '').then(() => truncate(file, MAX_KEPT_BYTES + 1))],
    ['is not a regular file', (file: string) => mkdir(file)],
  ])('rejects a file that %s', async (problem, make) => {
    const folder = await newFolder();
    const { registry, call } = await oddRegistry({ allowMissing: true });
    const files = openKept({ folder }, registry, call);
    await make(files.placeOf('one.json'));
    await expect(files.read('one.json')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(problem),
    });
  });
});

describe('src/kept/kept-artifacts.ts', () => {
  it('rejects an artifact of another program under the tag', async () => {
    const { registry, call, host, server } = await oddRegistry({ allowMissing: true });
    const manifest = {
      schemaVersion: 2,
      config: { mediaType: 'application/json', digest: DIGEST, size: 2 },
      layers: [],
    };
    const bytes = Buffer.from(JSON.stringify(manifest));
    server.store.putManifest('ops', 'cache.one.json', 'application/vnd.oci.image.manifest.v1+json', bytes);
    const files = openKept({ repository: `${host}/ops`, tag: 'cache' }, registry, call);
    await expect(files.read('one.json')).rejects.toMatchObject({ code: 'UNSUPPORTED_MANIFEST' });
  });
});

const DIGEST = `sha256:${'1'.repeat(64)}`;

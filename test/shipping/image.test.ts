import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { pack } from '../support/packed.ts';
import { standInBases } from '../support/image/bases.ts';
import {
  buildShipped,
  contextFiles,
  copyContext,
  filesBelow,
  readImage,
  withFiles,
} from '../support/image/built-image.ts';
import { podman, requirePodman } from '../support/image/podman.ts';
import { describeRuns } from '../support/image/runs.ts';
import { onceForFile } from '../support/once.ts';
import { orSkip } from '../support/programs.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** In bytes, compressed: what a machine downloads before its first job. */
const MAX_SIZE = 120_000_000;

/** Files that lie beside the sources on some machines and must not reach a build. */
const PRIVATE = [
  '.env',
  '.npmrc.bak',
  'config.json',
  '.docker/config.json',
  '.git/config',
  'tools/token',
  'cosign.key',
];

const PackageJson = z.object({ name: z.string(), version: z.string(), description: z.string(), license: z.string() });

/** The image, built from a copy of this clone. */
const shipped = onceForFile(async (ends) => {
  requirePodman();
  const context = await mkdtemp(join(tmpdir(), 'kpromo-context-'));
  ends(() => rm(context, { recursive: true }));
  await copyContext(context);
  for (const name of PRIVATE) {
    await mkdir(join(context, dirname(name)), { recursive: true });
    await writeFile(join(context, name), 'hush-hush');
  }
  const bases = await standInBases(await readFile(join(ROOT, 'Dockerfile'), 'utf8'));
  const { version } = PackageJson.parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')));
  // Any moment will do: the same one makes the same image.
  const build = (): Promise<string> =>
    buildShipped(context, bases, { version, revision: 'f'.repeat(40), seconds: 1_767_225_600 });
  const id = await build();
  ends(() => podman('rmi', '--force', id).then(() => {}));
  const files = await withFiles(id, filesBelow);
  return { id, context, build, files, ...(await readImage(id)) };
});

describe('the container image', () => {
  it('starts kpromo as a user without rights, in a folder for the tree', async (test) => {
    const { image } = await orSkip(test, shipped);
    expect(image.config).toMatchObject({
      User: '65532:65532',
      Entrypoint: ['/usr/local/bin/kpromo'],
      WorkingDir: '/workspace',
      Volumes: { '/home/kpromo': {} },
      Env: expect.arrayContaining(['HOME=/home/kpromo', 'TMPDIR=/home/kpromo']),
    });
    expect(image.config.Cmd ?? []).toEqual([]);
  });

  it('says in its labels what it is and from which commit', async (test) => {
    const { image } = await orSkip(test, shipped);
    const project = PackageJson.parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')));
    expect(image.config.Labels).toMatchObject({
      'org.opencontainers.image.title': project.name,
      'org.opencontainers.image.description': project.description,
      'org.opencontainers.image.licenses': project.license,
      'org.opencontainers.image.version': project.version,
      'org.opencontainers.image.revision': 'f'.repeat(40),
      'org.opencontainers.image.source': 'https://github.com/kpromo/kpromo',
      'org.opencontainers.image.url': 'https://github.com/kpromo/kpromo',
      'org.opencontainers.image.documentation': 'https://github.com/kpromo/kpromo/blob/main/docs/container.md',
    });
  });

  it('is at most 120 MB to download', async (test) => {
    const { layers, files } = await orSkip(test, shipped);
    const compressed = layers.reduce((sum, size) => sum + size, 0);
    const unpacked = files.reduce((sum, { kind, size }) => sum + (kind === 'file' ? size : 0), 0);
    console.log(`image: ${(compressed / 1e6).toFixed(1)} MB compressed, ${(unpacked / 1e6).toFixed(1)} MB unpacked`);
    expect(compressed).toBeLessThan(MAX_SIZE);
  });

  it('contains every file of the npm package and no other file of the project', async (test) => {
    const { files } = await orSkip(test, shipped);
    const packed = await pack();
    onTestFinished(packed.remove);
    const folder = '/usr/local/lib/kpromo/';
    const inImage = files.filter(({ path, kind }) => path.startsWith(folder) && kind !== 'folder');
    expect(inImage.map(({ path }) => path.slice(folder.length)).toSorted()).toEqual(packed.paths.toSorted());
  });

  it('gives a build only the sources', async (test) => {
    const { context } = await orSkip(test, shipped);
    const seen = await contextFiles(context);
    expect(seen).toEqual(expect.arrayContaining(['package-lock.json', 'src/cli/bin.ts', 'tools/setup.mjs', 'LICENSE']));
    expect(
      seen.filter((path) => PRIVATE.includes(path) || /(?:^|\/)(?:node_modules|dist|test)\/|\.test\.ts$/.test(path)),
    ).toEqual([]);
  });

  it('contains no secret, package manager, cache or log', async (test) => {
    const { id, files } = await orSkip(test, shipped);
    const programs = files.filter(({ path }) => /\/s?bin\//.test(path)).map(({ path }) => path.split('/').at(-1));
    expect(programs).toEqual(expect.arrayContaining(['node', 'kpromo', 'git', 'sh']));
    const unwanted = ['npm', 'npx', 'yarn', 'corepack', 'apt', 'apt-get', 'perl', 'mount', 'passwd'];
    expect(programs.filter((name) => unwanted.includes(name ?? ''))).toEqual([]);
    const folders = /^\/(?:var\/(?:cache|log|lib\/apt)|root|tmp|usr\/local\/lib\/node_modules)\/./;
    const left = files.filter(({ path, kind }) => kind === 'file' && folders.test(path)).map(({ path }) => path);
    expect(left.filter((path) => !/^\/root\/\.(?:bashrc|profile)$/.test(path))).toEqual([]);
    // A key, not the mere name of a PEM block, which programs contain. Programs also contain keys of their own tests.
    const secret = /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}|hush-hush|_authToken=/;
    const regular = files.filter(({ kind }) => kind === 'file');
    const found = await withFiles(id, (root) =>
      Promise.all(
        regular.map(async ({ path }) => {
          const text = await readFile(join(root, path), 'latin1');
          return !text.startsWith('\u007FELF') && secret.test(text) ? [path] : [];
        }),
      ),
    );
    expect(found.flat()).toEqual([]);
  });

  it('lets its user write nowhere but to HOME, the tree and /tmp, and become nobody else', async (test) => {
    const { files } = await orSkip(test, shipped);
    const special = files.filter(({ kind, mode }) => kind !== 'link' && (mode & 0o6000) !== 0);
    expect(special.map(({ path }) => path)).toEqual([]);
    const writable = files.filter(
      ({ kind, mode, uid, gid }) =>
        // Devices are those of the runtime.
        (kind === 'file' || kind === 'folder') &&
        ((mode & 0o002) !== 0 || (uid === 65_532 && (mode & 0o200) !== 0) || (gid === 65_532 && (mode & 0o020) !== 0)),
    );
    expect(writable.map(({ path }) => path)).toEqual(['/home/kpromo', '/tmp', '/workspace']);
  });

  describeRuns(shipped);

  // Last: it takes as long as all others.
  it('is the same image when it is built again', async (test) => {
    const { id, build } = await orSkip(test, shipped);
    expect(await build()).toBe(id);
  });
});

import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ensureBuilt, KPROMO, runCli, type Ended } from '../support/built-cli.ts';
import { homeWith } from '../support/home.ts';
import { blocksOf, readPage } from '../support/pages/pages.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { startRegistries, type TestRegistry } from '../support/registry/server.ts';
import { startSigstore } from '../support/sigstore/local.ts';

const IMAGES = [1, 2].map((seed) => buildImage({ seed }));

/** The blocks of a section of the page. */
function blocksOfPage(heading: string): readonly string[] {
  const [, section = ''] = readPage('docs/operations.md').split(`### ${heading}\n`);
  return blocksOf(section.split('\n### ')[0] ?? '').map(({ text: script }) => script);
}

/** The files `old.key`, `old.pub`, `new.key` and `new.pub`. */
function keyFiles(): Readonly<Record<string, unknown>> {
  const files = ['old', 'new'].map((name) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return {
      [`${name}.key`]: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      [`${name}.pub`]: publicKey.export({ type: 'spki', format: 'pem' }),
    };
  });
  return Object.assign({}, ...files) as Readonly<Record<string, unknown>>;
}

/** Two images in production, signed with the old key on the primary and on another mirror. */
type World = {
  readonly staging: TestRegistry;
  readonly primary: TestRegistry;
  readonly other: TestRegistry;
  /** Runs kpromo in the folder of the tree. */
  kpromo(command: string): Promise<Ended>;
  /** Runs text of the page in a shell there, to the first failure, and returns what it prints. */
  shell(script: string): Promise<string>;
};

async function startWorld(): Promise<World> {
  await ensureBuilt();
  const registries = await startRegistries(3, { google: true });
  const [staging, primary, other] = registries as [TestRegistry, TestRegistry, TestRegistry];
  const sigstore = await startSigstore();
  onTestFinished(async () => {
    for (const registry of registries) await registry.close();
    await sigstore.stop();
  });
  for (const [index, image] of IMAGES.entries()) storeImage(staging.store, 'staging/app', image, [`v${index}`]);
  const entries = IMAGES.map(({ manifest }, index) => `    "${manifest.descriptor.digest}": ["v${index}"]\n`);
  const names = [`${staging.host}/staging, src: true`, `${primary.host}/prod`, `${other.host}/prod`];
  const cwd = await homeWith({
    ...keyFiles(),
    'manifests/app/promoter-manifest.yaml': `registries:\n${names.map((name) => `- { name: ${name} }\n`).join('')}`,
    'images/app/images.yaml': `- name: app\n  dmap:\n${entries.join('')}`,
  });
  await mkdir(join(cwd, 'bin'));
  await symlink(KPROMO, join(cwd, 'bin', 'kpromo'));
  const env = { TUF_MIRROR: sigstore.tuf.url, TUF_ROOT_JSON: sigstore.tuf.rootFile };
  const kpromo = (command: string): Promise<Ended> => runCli(command.split(' '), { cwd, env });
  const shell = async (script: string): Promise<string> => {
    const PATH = `${join(cwd, 'bin')}:${process.env['PATH']}`;
    const options = { cwd, env: { ...env, PATH, HOME: cwd } };
    return text(
      spawn('bash', ['-ec', `exec 2>&1\n${script}`], { ...options, stdio: ['ignore', 'pipe', 'inherit'] }).stdout,
    );
  };
  expect(await kpromo('cip --manifests . --confirm --replicate-signatures --key old.key')).toMatchObject({ code: 0 });
  return { staging, primary, other, kpromo, shell };
}

/** Removes everything that a registry has. */
function empty({ store }: TestRegistry): void {
  for (const path of store.paths()) {
    const { manifests, blobs } = store.repository(path) ?? { manifests: new Map(), blobs: new Map() };
    for (const digest of manifests.keys()) store.remove(path, 'manifest', digest);
    for (const digest of blobs.keys()) store.remove(path, 'blob', digest);
  }
}

describe('the disasters of docs/operations.md', () => {
  it('restore a lost primary from another mirror, with images that staging has lost too, and their signatures', async () => {
    const { staging, primary, other, kpromo, shell } = await startWorld();
    empty(primary);
    staging.store.remove('staging/app', 'manifest', IMAGES[0]?.manifest.descriptor.digest ?? '');
    expect(await kpromo('cip --manifests . --confirm --sign=false')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('LOST'),
    });
    const script = blocksOfPage('A mirror is lost')
      .join('')
      .replaceAll('europe-docker.pkg.dev/acme', other.host)
      .replaceAll('europe-docker.pkg.dev', other.host)
      .replaceAll('us-docker.pkg.dev/acme', primary.host);
    expect(await shell(script)).toContain('2 images in 2 repositories compared: no difference');
    expect(await kpromo('sigcheck --manifests . --key old.pub --from-days 9999')).toMatchObject({ code: 0 });
  });

  it('sign everything again with another key after a theft', async () => {
    const { kpromo, shell } = await startWorld();
    expect(await kpromo('sigcheck --manifests . --key new.pub')).toMatchObject({ code: 1 });
    const [, script = ''] = blocksOfPage('A signing key or identity is stolen').join('').split('\n');
    expect(await shell(script)).toContain('2 digests checked');
    expect(await kpromo('sigcheck --manifests . --key new.pub')).toMatchObject({ code: 0 });
  });
});

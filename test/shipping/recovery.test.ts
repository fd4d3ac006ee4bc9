import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { ensureBuilt, KPROMO, runCli } from '../support/built-cli.ts';
import { homeWith } from '../support/home.ts';
import { blocksOf, readPage } from '../support/pages/pages.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { startSigstore } from '../support/sigstore/local.ts';
import { startRegistries, type TestRegistry } from '../support/registry/server.ts';

const IMAGES = [1, 2].map((seed) => buildImage({ seed }));

/** The commands for a lost mirror, with these registries. */
function commandsOfPage(lost: string, other: string): readonly string[] {
  const [, section = ''] = /### A mirror is lost\n([\s\S]*?)\n### /.exec(readPage('docs/operations.md')) ?? [];
  return blocksOf(section).map(({ text: script }) =>
    script
      .replaceAll('europe-docker.pkg.dev/acme', other)
      .replaceAll('europe-docker.pkg.dev', other)
      .replaceAll('us-docker.pkg.dev/acme', lost),
  );
}

/** Everything that a registry had is gone, and so is an image of staging. */
function lose(mirror: TestRegistry): void {
  for (const path of mirror.store.paths()) {
    for (const digest of mirror.store.repository(path)?.manifests.keys() ?? [])
      mirror.store.remove(path, 'manifest', digest);
    for (const digest of mirror.store.repository(path)?.blobs.keys() ?? []) mirror.store.remove(path, 'blob', digest);
  }
}

describe('docs/operations.md, a mirror is lost', () => {
  it('restores images that staging has lost too, with their signatures, from another mirror', async () => {
    await ensureBuilt();
    const [staging, primary, other] = (await startRegistries(3, { google: true })) as [
      TestRegistry,
      TestRegistry,
      TestRegistry,
    ];
    for (const [index, image] of IMAGES.entries()) storeImage(staging.store, 'staging/app', image, [`v${index}`]);
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const entries = IMAGES.map(({ manifest }, index) => `    "${manifest.descriptor.digest}": ["v${index}"]`);
    const names = [
      `name: ${staging.host}/staging, src: true`,
      `name: ${primary.host}/prod`,
      `name: ${other.host}/prod`,
    ];
    const home = await homeWith({
      'my.key': key.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      'my.pub': key.publicKey.export({ type: 'spki', format: 'pem' }),
      'manifests/app/promoter-manifest.yaml': `registries:\n${names.map((name) => `- { ${name} }\n`).join('')}`,
      'images/app/images.yaml': `- name: app\n  dmap:\n${entries.join('\n')}\n`,
    });
    const kpromo = async (...args: readonly string[]): Promise<number | null> => {
      const { code, stderr } = await runCli(args, { cwd: home });
      return code === 0 ? 0 : expect.unreachable(stderr);
    };
    const signing = ['--key=my.key', '--tlog-upload=false'];
    await kpromo('cip', '--manifests=.', '--confirm', '--replicate-signatures', ...signing);

    lose(primary);
    staging.store.remove('staging/app', 'manifest', IMAGES[0]?.manifest.descriptor.digest ?? '');
    const first = await runCli(['cip', '--manifests=.', '--confirm', '--sign=false'], { cwd: home });
    expect(first).toMatchObject({ code: 1, stderr: expect.stringContaining('LOST') });

    await mkdir(join(home, 'bin'));
    await symlink(KPROMO, join(home, 'bin', 'kpromo'));
    // staging's attachments are verified with the root of this Sigstore
    const sigstore = await startSigstore();
    const trust = { TUF_MIRROR: sigstore.tuf.url, TUF_ROOT_JSON: sigstore.tuf.rootFile };
    const env = { ...trust, PATH: `${join(home, 'bin')}:${process.env['PATH']}`, HOME: home };
    const commands = commandsOfPage(primary.host, other.host);
    expect(commands).toHaveLength(2);
    const shell = spawn('bash', ['-ec', `exec 2>&1\n${commands.join('\n')}`], {
      cwd: home,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const printed = await text(shell.stdout);
    expect(printed).toContain('2 images in 2 repositories compared: no difference');
    expect(Object.keys(primary.snapshot()['prod/app']?.tags ?? {})).toEqual(expect.arrayContaining(['v0', 'v1']));
    await kpromo('sigcheck', '--manifests=.', '--key=my.pub', '--tlog-upload=false', '--from-days=9999');
    for (const registry of [staging, primary, other]) await registry.close();
    await sigstore.stop();
  });
});

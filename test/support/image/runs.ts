import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttp } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { authority, type Authority } from '../certificates.ts';
import { createRepository, type TestRepository } from '../git.ts';
import { orSkip } from '../programs.ts';
import { writeTree, type ProjectSpec } from '../promotion/tree.ts';
import { startDistributions } from '../real-registries.ts';
import { buildImage, pushImage } from '../registry/images.ts';
import { startTlsFront } from '../tls-front.ts';
import { podman, runContainer } from './podman.ts';

/** The user of a checkout: neither root nor the container's. */
const OTHER_UID = 1234;

/** Where programs of the image look for certificate authorities. */
const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

/** Registers tests that run the image. */
export function describeRuns(shipped: () => Promise<{ readonly id: string }>): void {
  it('prints its version, also as a user of the cluster’s choice', async (test) => {
    const { id } = await orSkip(test, shipped);
    const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../../../package.json'), 'utf8')) as {
      version: string;
    };
    for (const user of ['65532:65532', '1000650000:0'])
      expect(await runContainer(id, ['version'], { flags: [`--user=${user}`] })).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(`kpromo v${version}\n`),
      });
    const script = 'touch "$HOME/x" && ! touch /x /usr/x /etc/x 2>/dev/null';
    for (const user of ['65532:65532', '1000650000:0'])
      expect(await shell(id, script, [`--user=${user}`])).toMatchObject({ code: 0 });
  });

  it('promotes a tree that another user checked out, from a registry with a private authority', async (test) => {
    const { id } = await orSkip(test, shipped);
    const [staging, mirror] = await orSkip(test, () => startDistributions(2));
    for (const registry of [staging, mirror]) onTestFinished(() => registry?.stop());
    const trusted = authority('private');
    await using front = await startTlsFront(staging?.address ?? '', trusted.issue('staging', ['127.0.0.1']));
    const [first, second] = [701, 702].map((seed) => buildImage({ seed })) as [
      ReturnType<typeof buildImage>,
      ReturnType<typeof buildImage>,
    ];
    for (const image of [first, second]) await pushImage(`http://${staging?.address}`, 'staging/app', image);
    const entries = [first, second].map(
      (image, at) => ['app', image.manifest.descriptor.digest, `v${at + 1}`] as const,
    );
    const project = { name: 'app', from: `${front.host}/staging`, to: [`${mirror?.address}/prod`] };
    await using repository = await createRepository();
    await commit(repository, { ...project, entries: entries.slice(0, 1) }, front.host);
    const options = { volumes: [`${repository.path}:/workspace:ro`, `${await bundle(trusted)}:${BUNDLE}:ro`] };
    const cip = ['cip', '--manifests=.', '--confirm', '--sign=false', '--registry-config=registries.yaml'];

    expect((await runContainer(id, cip)).code).not.toBe(0);
    const whole = await runContainer(id, cip, options);
    expect(whole, whole.stderr).toMatchObject({ code: 0 });
    expect(await tagsOf(mirror?.address)).toEqual(['v1']);

    await commit(repository, { ...project, entries }, front.host);
    const env = { JOB_TYPE: 'postsubmit' };
    const diff = await runContainer(id, [...cip, '--use-prow-manifest-diff'], { ...options, env });
    expect(diff, diff.stderr).toMatchObject({ code: 0 });
    expect(`${diff.stdout}${diff.stderr}`).toContain('1 of 1 image promoted');
    expect(await tagsOf(mirror?.address)).toEqual(['v1', 'v2']);
  });

  it('lets git read checkouts of others where jobs mount them, and nowhere else', async (test) => {
    const { id } = await orSkip(test, shipped);
    await using repository = await createRepository();
    await repository.commit({ file: 'text' });
    giveTo(repository.path, OTHER_UID);
    const head = (folder: string): ReturnType<typeof shell> =>
      shell(id, `git -C ${folder} rev-parse HEAD`, [`--volume=${repository.path}:${folder}:ro`]);
    for (const folder of ['/workspace', '/workspace/source', '/home/prow/go/src/github.com/acme/images'])
      expect(await head(folder), folder).toMatchObject({ code: 0 });
    expect(await head('/home/kpromo/tree')).toMatchObject({
      code: 128,
      stderr: expect.stringContaining('dubious ownership'),
    });
  });

  it('trusts public authorities, and with a mounted bundle those of the bundle, in Node.js and in git', async (test) => {
    const { id } = await orSkip(test, shipped);
    const count = `node -p 'require("node:tls").getCACertificates("system").length'`;
    // Mozilla trusts about 140 authorities.
    expect(Number((await shell(id, count)).stdout)).toBeGreaterThan(100);
    const trusted = authority('private');
    await using repository = await createRepository();
    await repository.commit({ file: 'text' });
    const url = await servedGit(repository.path, trusted);
    const list = `git ls-remote ${url}`;
    expect(await shell(id, list)).toMatchObject({ code: 128, stderr: expect.stringContaining('certificate') });
    const mounted = [`--volume=${await bundle(trusted)}:${BUNDLE}:ro`];
    expect(await shell(id, list, mounted)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('refs/heads/main'),
    });
  });

  it('ends a run with a summary when its container is stopped', async (test) => {
    const { id } = await orSkip(test, shipped);
    // Answers nothing, so that the run waits.
    const silent = createHttp().listen(0, '127.0.0.1');
    onTestFinished(() => silent.close().closeAllConnections());
    await once(silent, 'listening');
    const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const digest = buildImage({ seed: 703 }).manifest.descriptor.digest;
    await using tree = await writeTree([
      { name: 'app', from: `${host}/staging`, to: [`${host}/prod`], entries: [['app', digest, 'v1']] },
    ]);
    giveTo(tree.path, OTHER_UID);
    const name = `kpromo-stopped-${process.pid}`;
    const options = { volumes: [`${tree.path}:/workspace:ro`], flags: [`--name=${name}`] };
    const asked = once(silent, 'request');
    const running = runContainer(id, ['cip', '--manifests=.', '--sign=false'], options);
    await Promise.race([asked, running]);
    await podman('kill', '--signal=TERM', name);
    const { code, stdout, stderr } = await running;
    expect(`${stdout}${stderr}`).toContain('SIGTERM');
    expect(code).toBe(143);
  });
}

/** Runs a script in the shell of the image. */
function shell(id: string, script: string, flags: readonly string[] = []): ReturnType<typeof runContainer> {
  return runContainer(id, ['-c', script], { flags: [...flags, '--entrypoint=/bin/sh'] });
}

/** Commits a tree of one project, with a registry configuration for HTTPS on loopback, as another user. */
async function commit(repository: TestRepository, project: ProjectSpec, https: string): Promise<void> {
  await using tree = await writeTree([project]);
  // git, which runs as root here, refuses the repository of another user.
  giveTo(repository.path, 0);
  await cp(tree.path, repository.path, { recursive: true });
  const config = { version: 1, registries: [{ match: https, insecure: false }] };
  await repository.commit({ 'registries.yaml': JSON.stringify(config) });
  giveTo(repository.path, OTHER_UID);
}

/** Makes a folder readable for all, and the property of a user. */
function giveTo(folder: string, uid: number): void {
  execFileSync('chmod', ['--recursive', 'a+rX', folder]);
  execFileSync('chown', ['--recursive', `${uid}:${uid}`, folder]);
}

/** Writes a bundle with one authority. */
async function bundle({ cert }: Authority): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-bundle-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'ca.crt');
  await writeFile(file, cert);
  await chmod(folder, 0o755);
  return file;
}

/** Serves a repository over HTTPS, as files. */
async function servedGit(path: string, trusted: Authority): Promise<string> {
  execFileSync('git', ['-C', path, 'update-server-info']);
  const server = createServer(trusted.issue('git', ['127.0.0.1']), (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'https://git');
    readFile(join(path, '.git', pathname)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => server.close().closeAllConnections());
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function tagsOf(address: string | undefined): Promise<readonly string[]> {
  const answer = await fetch(`http://${address}/v2/prod/app/tags/list`);
  const { tags } = (await answer.json()) as { tags: string[] };
  return tags.toSorted();
}

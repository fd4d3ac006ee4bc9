import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { requireProgram } from '../programs.ts';
import { podman, podmanEnd } from './podman.ts';

/** The names of local images for the ARGs of the Dockerfile. */
export type Bases = { readonly node: string; readonly debian: string };

/** Adds the Node.js and the npm of this machine, with their settings, to Debian. */
const NODE_FILE = `ARG DEBIAN_IMAGE
FROM \${DEBIAN_IMAGE}
COPY . /usr/local
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
`;

/**
 * Returns stand-ins for the base images of the Dockerfile: Debian's packages of the same release, and the Node.js that runs
 * this. They are made once and kept, since the public registry cannot be reached from every machine.
 */
export async function standInBases(dockerfile: string): Promise<Bases> {
  const [, suite = ''] = /^ARG DEBIAN_IMAGE=\S*\/debian:([a-z]+)-slim@/m.exec(dockerfile) ?? [];
  const key = createHash('sha256')
    .update(readFileSync(import.meta.filename))
    .update(`${suite} ${process.version} ${settings()}`)
    .digest('hex')
    .slice(0, 12);
  const bases = { node: `localhost/node:${key}`, debian: `localhost/debian:${key}` };
  const known = await Promise.all(Object.values(bases).map((name) => podmanEnd('image', 'exists', name)));
  if (known.some(({ code }) => code !== 0)) await make(bases, suite);
  return bases;
}

async function make({ node, debian }: Bases, suite: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-bases-'));
  try {
    const [tar, apt, local] = ['debian.tar', 'apt.conf', 'local'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(apt, aptSettings());
    execFileSync(
      requireProgram('mmdebstrap'),
      ['--variant=minbase', '--include=ca-certificates', `--aptopt=${apt}`, suite, tar],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    await podman('import', tar, debian);
    await localFiles(local);
    await writeFile(join(folder, 'Dockerfile'), NODE_FILE);
    const file = ['--file', join(folder, 'Dockerfile')];
    await podman('build', '--isolation=chroot', '--build-arg', `DEBIAN_IMAGE=${debian}`, ...file, '--tag', node, local);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Writes the files of the Node.js image below /usr/local, and those that npm needs to reach the registry of this machine. */
async function localFiles(folder: string): Promise<void> {
  const npm = npmFolder();
  for (const name of ['bin', 'etc']) await mkdir(join(folder, name), { recursive: true });
  await copyFile(process.execPath, join(folder, 'bin', 'node'));
  await cp(npm, join(folder, 'lib', 'node_modules', 'npm'), { recursive: true });
  const licence = join(dirname(process.execPath), '..', 'LICENSE');
  if (existsSync(licence)) await copyFile(licence, join(folder, 'LICENSE'));
  else await writeFile(join(folder, 'LICENSE'), 'the licence of Node.js\n');
  const { registry, cafile } = npmSettings();
  if (cafile !== undefined) await copyFile(cafile, join(folder, 'etc', 'ca.crt'));
  const lines = [`registry=${registry}`, ...(cafile === undefined ? [] : ['cafile=/usr/local/etc/ca.crt'])];
  await writeFile(join(folder, 'etc', 'npmrc'), `${lines.join('\n')}\n`);
}

/** The package of the npm on PATH, whose program is bin/npm-cli.js. */
function npmFolder(): string {
  return join(realpathSync(requireProgram('npm')), '..', '..');
}

function npmSettings(): { readonly registry: string; readonly cafile: string | undefined } {
  const get = (name: string): string =>
    execFileSync('npm', ['config', 'get', name], { encoding: 'utf8', cwd: '/', env: npmEnvironment() }).trim();
  const cafile = get('cafile');
  return { registry: get('registry'), cafile: existsSync(cafile) ? cafile : undefined };
}

/** npm's variables of an outer `npm run` would answer for its own prefix. */
function npmEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: process.env['HOME'] };
}

/** How apt downloads on this machine: its proxy, and which dates it accepts. */
function aptSettings(): string {
  const all = execFileSync('apt-config', ['dump', '--format', '%f "%v";%n', 'Acquire'], { encoding: 'utf8' });
  return all
    .split('\n')
    .filter((line) => /^Acquire::(?:Check-|https?::)/.test(line))
    .join('\n');
}

function settings(): string {
  return JSON.stringify([aptSettings(), npmSettings()]);
}

import { execFileSync } from 'node:child_process';
import type { Dirent } from 'node:fs';
import { cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Bases } from './bases.ts';
import { podman } from './podman.ts';

const PROJECT = join(import.meta.dirname, '..', '..', '..');

/** The configuration of an image, as far as tests read it. https://github.com/opencontainers/image-spec/blob/main/config.md */
const ImageConfig = z.object({
  architecture: z.string(),
  config: z.object({
    User: z.string(),
    Env: z.array(z.string()),
    Entrypoint: z.array(z.string()),
    Cmd: z.array(z.string()).optional(),
    Volumes: z.record(z.string(), z.object({})),
    WorkingDir: z.string(),
    Labels: z.record(z.string(), z.string()),
  }),
});
const Manifest = z.object({
  config: z.object({ digest: z.string() }),
  layers: z.array(z.object({ digest: z.string(), size: z.number() })),
});

/** A file of an image: its path begins with a slash. */
export type ImageFile = {
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link' | 'device';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
};

/** Copies the files that a clone would have, new ones included, to a folder. */
export async function copyContext(folder: string): Promise<void> {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const names = execFileSync('git', list, { cwd: PROJECT, encoding: 'utf8' }).split('\0');
  for (const name of new Set(names.filter((one) => one !== ''))) {
    await mkdir(join(folder, dirname(name)), { recursive: true });
    await cp(join(PROJECT, name), join(folder, name), { verbatimSymlinks: true });
  }
}

/** Builds the image of a context for this machine's platform, dated `seconds`; returns its ID, a digest of its configuration. */
export async function buildShipped(
  context: string,
  bases: Bases,
  labels: { readonly version: string; readonly revision: string; readonly seconds: number },
): Promise<string> {
  const values = {
    NODE_IMAGE: bases.node,
    DEBIAN_IMAGE: bases.debian,
    VERSION: labels.version,
    REVISION: labels.revision,
  };
  const printed = await podman(
    'build',
    // Needs no right that a sandbox may lack.
    '--isolation=chroot',
    // Each stage is one layer, and nothing of an earlier build is used.
    '--layers=false',
    '--force-rm',
    '--quiet',
    `--timestamp=${labels.seconds}`,
    ...Object.entries(values).map(([name, value]) => `--build-arg=${name}=${value}`),
    context,
  );
  return printed.split('\n').at(-1) ?? '';
}

/** Returns an image's configuration and the compressed sizes of its layers, in bytes, from an OCI layout of it. */
export async function readImage(
  id: string,
): Promise<{ readonly image: z.infer<typeof ImageConfig>; readonly layers: readonly number[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-layout-'));
  try {
    await podman('push', '--quiet', id, `oci:${folder}:image`);
    const json = async (...path: string[]): Promise<unknown> =>
      JSON.parse(await readFile(join(folder, ...path), 'utf8')) as unknown;
    const blob = (digest: string): Promise<unknown> => json('blobs', ...digest.split(':'));
    const index = z.object({ manifests: z.array(z.object({ digest: z.string() })).length(1) });
    const [{ digest } = { digest: '' }] = index.parse(await json('index.json')).manifests;
    const manifest = Manifest.parse(await blob(digest));
    const image = ImageConfig.parse(await blob(manifest.config.digest));
    return { image, layers: manifest.layers.map(({ size }) => size) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Mounts an image and gives `use` its root folder. */
export async function withFiles<T>(id: string, use: (root: string) => Promise<T>): Promise<T> {
  const root = await podman('image', 'mount', id);
  try {
    return await use(root);
  } finally {
    await podman('image', 'unmount', id);
  }
}

/** Returns every file below a folder, in the order of their paths. */
export async function filesBelow(root: string): Promise<readonly ImageFile[]> {
  // With types, since without them links to folders are followed, also those that lead out of the image.
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    entries.map(async (entry) => {
      const file = join(entry.parentPath, entry.name);
      const { mode, uid, gid, size } = await lstat(file);
      return { path: file.slice(root.length), kind: kindOf(entry), mode: mode & 0o7777, uid, gid, size };
    }),
  );
  return files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

function kindOf(entry: Dirent): ImageFile['kind'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  return entry.isSymbolicLink() ? 'link' : 'device';
}

/** Returns the paths that a build of this context sees with the .dockerignore in it. */
export async function contextFiles(context: string): Promise<readonly string[]> {
  const file = join(context, 'all.Dockerfile');
  await writeFile(file, 'FROM scratch\nCOPY . /\n');
  const id = await podman('build', '--quiet', '--layers=false', '--file', file, context);
  try {
    return await withFiles(id, async (root) =>
      (await filesBelow(root)).filter(({ kind }) => kind !== 'folder').map(({ path }) => path.slice(1)),
    );
  } finally {
    await podman('rmi', '--force', id);
    await rm(file);
  }
}

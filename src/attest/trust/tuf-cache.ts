import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOwnFile } from '../../own-file.ts';

/** The directory in which a TUF client caches metadata and targets. */
export type TufCache = {
  readonly folder: string;
  /** Stores the roots that lead from the pinned one to the newest, by version. */
  keepRoots(roots: ReadonlyMap<number, Uint8Array>): Promise<void>;
  /** Removes the directory, if it is for this run only. */
  close(): Promise<void>;
  readonly isForThisRun: boolean;
};

/**
 * Opens the cache of a mirror, starting with the pinned root: cached data counts only as far as the pinned root leads
 * to it. If the cache cannot be written, uses a temporary directory.
 */
export async function openTufCache(cache: string, mirror: string, pinned: Uint8Array): Promise<TufCache> {
  const { host, pathname } = new URL(mirror);
  const folder = join(cache, encodeURIComponent(host + pathname.replace(/\/$/, '')));
  try {
    await begin(folder, await newestRoot(folder, pinned));
    return {
      folder,
      keepRoots: (roots) => keepRoots(folder, roots),
      close: async () => undefined,
      isForThisRun: false,
    };
  } catch {
    const own = await mkdtemp(join(tmpdir(), 'kpromo-tuf-'));
    await begin(own, pinned);
    const close = (): Promise<void> => rm(own, { recursive: true, force: true });
    return { folder: own, keepRoots: async () => undefined, close, isForThisRun: true };
  }
}

/** Writes the root over an existing one. */
async function begin(folder: string, root: Uint8Array): Promise<void> {
  await mkdir(join(folder, 'targets'), { recursive: true });
  await replace(join(folder, 'root.json'), root);
}

/** Follows the cached roots from the pinned one, each signed by the one before it. */
async function newestRoot(folder: string, pinned: Uint8Array): Promise<Uint8Array> {
  const { TrustedMetadataStore } = await import('tuf-js/dist/store.js');
  const store = new TrustedMetadataStore(Buffer.from(pinned));
  let newest = pinned;
  for (;;) {
    const next = await readFile(rootFile(folder, store.root.signed.version + 1)).catch(() => undefined);
    if (next === undefined) return newest;
    try {
      store.updateRoot(next);
    } catch {
      return newest;
    }
    newest = next;
  }
}

async function keepRoots(folder: string, roots: ReadonlyMap<number, Uint8Array>): Promise<void> {
  for (const [version, bytes] of roots) await replace(rootFile(folder, version), bytes).catch(() => undefined);
}

function rootFile(folder: string, version: number): string {
  return join(folder, `${version}.root.json`);
}

async function replace(file: string, bytes: Uint8Array): Promise<void> {
  const own = await createOwnFile(file);
  try {
    await own.handle.writeFile(bytes);
    await own.handle.close();
    await own.place();
  } catch (error) {
    await own.discard();
    throw error;
  }
}

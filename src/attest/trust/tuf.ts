import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { withoutEndSlashes } from '../../image/end-slashes.ts';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fetcher, Updater } from 'tuf-js';
import { PromotionError } from '../../errors.ts';
import type { Fetch } from '../../http/fetch.ts';
import { openTufCache, type TufCache } from './tuf-cache.ts';

/** Sigstore's own repository, whose first root is part of the library. */
export const PUBLIC_GOOD = 'https://tuf-repo-cdn.sigstore.dev';

/** The repository of GitHub's own Sigstore, which signs attestations of private repositories. */
export const GITHUB = 'https://tuf-repo.github.com';

type TufOptions = {
  readonly fetch: Fetch;
  /** Address of the repository. */
  readonly mirror: string;
  /** The file with the first root of a mirror. */
  readonly rootFile?: string | undefined;
  /** Directory of the cache. */
  readonly cache: string;
  /** Called with the reason if the cache is used instead. */
  readonly onStale?: ((reason: string) => void) | undefined;
};

/** Reads targets of a TUF repository. */
export type TufTargets = (name: string) => Promise<Uint8Array>;

/**
 * Updates a TUF repository through our own requests, starting with the pinned root. If the mirror cannot be reached,
 * uses the cache while it is valid and calls `onStale`. Throws TRUST_ROOT.
 */
export async function openTuf(options: TufOptions, signal: AbortSignal): Promise<TufTargets> {
  const mirror = withoutEndSlashes(options.mirror);
  try {
    const pinned = options.rootFile === undefined ? await seedOf(mirror) : await readFile(options.rootFile);
    const cache = await openTufCache(options.cache, mirror, pinned);
    try {
      const updater = await refreshed(cache, mirror, options, signal);
      const read = async (name: string): Promise<Uint8Array> => {
        const info = await updater.getTargetInfo(name);
        if (info === undefined) throw problem(mirror, new Error(`it has no target ${name}`));
        return readFile((await updater.findCachedTarget(info)) ?? (await updater.downloadTarget(info)));
      };
      return cache.isForThisRun ? await readTogether(read) : read;
    } finally {
      await cache.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw problem(mirror, error);
  }
}

/** The targets that Sigstore's clients read. */
const TARGETS = ['trusted_root.json', 'signing_config.v0.2.json'] as const;

/** Reads all targets while their directory exists. */
async function readTogether(read: TufTargets): Promise<TufTargets> {
  const settled = await Promise.allSettled(TARGETS.map(read));
  return async (name) => {
    const found = settled[TARGETS.findIndex((known) => known === name)];
    if (found?.status === 'fulfilled') return found.value;
    throw found?.reason ?? new Error(`it has no target ${name}`);
  };
}

async function refreshed(
  { folder, keepRoots }: TufCache,
  mirror: string,
  { fetch, onStale }: TufOptions,
  signal: AbortSignal,
): Promise<Updater> {
  const { Updater: Client } = await import('tuf-js');
  const source = fetcher(fetch, signal);
  const client = (forceCache: boolean): Updater =>
    new Client({
      metadataBaseUrl: mirror,
      targetBaseUrl: `${mirror}/targets`,
      metadataDir: folder,
      targetDir: join(folder, 'targets'),
      fetcher: source,
      forceCache,
    });
  const updater = client(false);
  try {
    await updater.refresh();
    await keepRoots(source.roots);
    return updater;
  } catch (error) {
    signal.throwIfAborted();
    // Data of a mirror that its root has not signed is no reason to use the cache.
    if (!source.isDown()) throw error;
    const cached = client(true);
    await cached.refresh().catch(() => {
      throw error;
    });
    onStale?.(`${mirror} cannot be reached; its cache is used`);
    return cached;
  }
}

async function seedOf(mirror: string): Promise<Buffer> {
  if (mirror === GITHUB) return Buffer.from(JSON.stringify(await githubRoot()));
  if (mirror !== PUBLIC_GOOD) throw new Error('its first root is unknown: set TUF_ROOT_JSON to the file');
  const { default: seeds } = await import('@sigstore/tuf/seeds.json', { with: { type: 'json' } });
  return Buffer.from(seeds[PUBLIC_GOOD]['root.json'], 'base64');
}

/**
 * Returns the root of GitHub's TUF repository, version 3, as GitHub's command line tool pins it: cli/cli (MIT),
 * pkg/cmd/attestation/verification/embed/tuf-repo.github.com/root.json. The newest is signed by those before it.
 */
async function githubRoot(): Promise<unknown> {
  const { default: root } = await import('./github-tuf-root.json', { with: { type: 'json' } });
  return root;
}

/** Retry budget in milliseconds: the cache or a file can replace a mirror that is down. */
const PATIENCE = 10_000;

/** The fetcher for the library, with the outcome of its requests and the roots among them. */
type Source = Fetcher & { readonly roots: ReadonlyMap<number, Uint8Array>; isDown(): boolean };

function fetcher(fetch: Fetch, signal: AbortSignal): Source {
  const roots = new Map<number, Uint8Array>();
  let isDown = false;
  const downloadBytes = async (address: string, limit: number): Promise<Buffer> => {
    const url = new URL(address);
    isDown = true;
    const request = { method: 'GET', url, operation: 'read', wholeBody: limit, patience: PATIENCE, signal } as const;
    const response = await fetch(request);
    const bytes = Buffer.from(await response.body.bytes(limit));
    isDown = response.status >= 500 || response.status === 429;
    const [, version] = /\/(\d{1,9})\.root\.json$/.exec(url.pathname) ?? [];
    if (response.status === 200 && version !== undefined) roots.set(Number(version), bytes);
    if (response.status === 200) return bytes;
    // The library recognizes the end of the roots by this class, which its main module does not export.
    const { DownloadHTTPError } = await import('tuf-js/dist/error.js');
    throw new DownloadHTTPError(`${url.origin}${url.pathname} answered ${response.status}`, response.status);
  };
  return {
    roots,
    isDown: () => isDown,
    downloadBytes,
    downloadFile: async (address, limit, handler) => {
      const bytes = await downloadBytes(address, limit);
      const folder = await mkdtemp(join(tmpdir(), 'kpromo-tuf-'));
      try {
        await writeFile(join(folder, 'file'), bytes);
        return await handler(join(folder, 'file'));
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

function problem(mirror: string, cause: unknown): PromotionError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new PromotionError('TRUST_ROOT', `getting the trusted root of Sigstore from ${mirror}: ${why}`, {
    cause,
    hint: 'set --trusted-root FILE (and --signing-config FILE), or name a mirror in TUF_MIRROR and TUF_ROOT_JSON',
  });
}

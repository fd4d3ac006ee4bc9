import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { withoutEndSlashes } from '../image/end-slashes.ts';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fetcher, Updater } from 'tuf-js';
import { PromotionError } from '../errors.ts';
import type { Fetch } from '../http/fetch.ts';

/** Sigstore's own repository, whose first root the library brings along. */
export const PUBLIC_GOOD = 'https://tuf-repo-cdn.sigstore.dev';

export type TufOptions = {
  readonly fetch: Fetch;
  /** The address of the repository; Sigstore's own unless given. */
  readonly mirror?: string;
  /** The file with the first root of a mirror. */
  readonly rootFile?: string;
  /** The folder of the cache. */
  readonly cache: string;
};

/** Reads targets of a TUF repository. */
export type TufTargets = (name: string) => Promise<Uint8Array>;

/** Brings a TUF repository up to date through our own requests; what is cached and still valid does where it cannot be reached. Throws TRUST_ROOT. */
export async function openTuf(options: TufOptions, signal: AbortSignal): Promise<TufTargets> {
  const { mirror = PUBLIC_GOOD } = options;
  try {
    const folder = await prepared({ ...options, mirror });
    const updater = await refreshed(folder, withoutEndSlashes(mirror), options.fetch, signal);
    return async (name) => {
      const info = await updater.getTargetInfo(name);
      if (info === undefined) throw problem(mirror, new Error(`it has no target ${name}`));
      const path = (await updater.findCachedTarget(info)) ?? (await updater.downloadTarget(info));
      return readFile(path);
    };
  } catch (error) {
    signal.throwIfAborted();
    throw problem(mirror, error);
  }
}

async function refreshed(folder: string, mirror: string, fetch: Fetch, signal: AbortSignal): Promise<Updater> {
  const { Updater: Client } = await import('tuf-js');
  const client = (forceCache: boolean): Updater =>
    new Client({
      metadataBaseUrl: mirror,
      targetBaseUrl: `${mirror}/targets`,
      metadataDir: folder,
      targetDir: join(folder, 'targets'),
      fetcher: fetcher(fetch, signal),
      forceCache,
    });
  const updater = client(false);
  try {
    await updater.refresh();
    return updater;
  } catch (error) {
    signal.throwIfAborted();
    const cached = client(true);
    await cached.refresh().catch(() => {
      throw error;
    });
    return cached;
  }
}

/** The cache of this mirror, with a root to begin with. */
async function prepared({ mirror, rootFile, cache }: TufOptions & { readonly mirror: string }): Promise<string> {
  const { host, pathname } = new URL(mirror);
  const folder = join(cache, encodeURIComponent(host + pathname.replace(/\/$/, '')));
  await mkdir(join(folder, 'targets'), { recursive: true });
  const first = rootFile === undefined ? await seedOf(mirror) : await readFile(rootFile);
  try {
    await writeFile(join(folder, 'root.json'), first, { flag: 'wx' });
  } catch (error) {
    // The cache knows a newer one, or another process was faster.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return folder;
}

async function seedOf(mirror: string): Promise<Buffer> {
  const { default: seeds } = await import('@sigstore/tuf/seeds.json', { with: { type: 'json' } });
  const seed = withoutEndSlashes(mirror) === PUBLIC_GOOD ? seeds[PUBLIC_GOOD]['root.json'] : undefined;
  if (seed === undefined) throw new Error('its first root is not known: set TUF_ROOT_JSON to the file');
  return Buffer.from(seed, 'base64');
}

function fetcher(fetch: Fetch, signal: AbortSignal): Fetcher {
  const downloadBytes = async (address: string, limit: number): Promise<Buffer> => {
    const url = new URL(address);
    const response = await fetch({ method: 'GET', url, operation: 'read', wholeBody: limit, signal });
    const bytes = Buffer.from(await response.body.bytes(limit));
    if (response.status === 200) return bytes;
    // The library knows by this class, which its entrance does not offer, that there is no newer root.
    const { DownloadHTTPError } = await import('tuf-js/dist/error.js');
    throw new DownloadHTTPError(`${url.origin}${url.pathname} answered ${response.status}`, response.status);
  };
  return {
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
  return new PromotionError('TRUST_ROOT', `getting what Sigstore trusts from ${mirror}: ${why}`, {
    cause,
    hint: 'give --trusted-root FILE (and --signing-config FILE), or a mirror with TUF_MIRROR and TUF_ROOT_JSON',
  });
}

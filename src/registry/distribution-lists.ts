import { PromotionError } from '../errors.ts';
import { type Fetch, type HttpRequest, type HttpResponse } from '../http/fetch.ts';
import { ensureStatus, readAll } from '../http/read.ts';
import { isDigest, type Digest } from '../image/digest.ts';
import { hostOf, type RepositoryName } from '../image/reference.ts';
import type { DistributionServices } from './distribution.ts';
import type { RequestTo } from './distribution-request.ts';
import type { Call, ListedManifest, RepositoryListing, TagLister } from './roles.ts';

/** One page of a listing: production's largest repositories need about 4 MiB. */
const MAX_PAGE_BYTES = 128 * 1024 * 1024;

/** No repository needs this many pages; a registry that sends us round in circles does. */
const MAX_PAGES = 10_000;

/** Hosts whose `tags/list` has the Google extension whatever they answered so far. */
const GOOGLE_HOST = /^(?:(?:[a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)$/;

type Page = { readonly tags: readonly string[]; readonly manifests: ReadonlyMap<Digest, ListedManifest> | undefined };

/** `tags/list`, by pages, with the Google extension where a registry has it; remembers which hosts do. */
export function tagListing(
  { fetch, traitsOf }: Pick<DistributionServices, 'fetch' | 'traitsOf'>,
  request: RequestTo,
): TagLister {
  const googleHosts = new Set<string>();
  const isGoogle = (host: string): boolean => {
    const { listing = 'auto' } = traitsOf?.(host) ?? {};
    return listing === 'auto' ? googleHosts.has(host) || GOOGLE_HOST.test(host) : listing === 'google';
  };

  return {
    listRepository: async (repository, call) => {
      const host = hostOf(repository);
      const tags = new Set<string>();
      const manifests = new Map<Digest, ListedManifest>();
      await eachPage(fetch, request, repository, call, (page) => {
        if (page.manifests !== undefined) googleHosts.add(host);
        for (const [digest, manifest] of page.manifests ?? []) manifests.set(digest, manifest);
        for (const tag of page.tags) tags.add(tag);
      });
      return isGoogle(host) && (manifests.size > 0 || tags.size === 0)
        ? ({ kind: 'digests', manifests } satisfies RepositoryListing)
        : ({ kind: 'tags', tags } satisfies RepositoryListing);
    },
  };
}

async function eachPage(
  fetch: Fetch,
  request: RequestTo,
  repository: RepositoryName,
  call: Call,
  take: (page: Page) => void,
): Promise<void> {
  let next: HttpRequest | undefined = request(repository, 'tags/list', { method: 'GET', operation: 'list' }, call);
  const visited = new Set<string>();
  while (next !== undefined) {
    if (visited.has(next.url.href) || visited.size === MAX_PAGES) {
      throw new PromotionError(
        'REGISTRY_PROTOCOL',
        `the registry lists the tags of ${repository} in a circle: ${next.url.pathname} came twice`,
      );
    }
    visited.add(next.url.href);
    const { response, page } = await readPage(fetch, next, repository);
    if (page === undefined) return;
    take(page);
    const following = nextPage(response, next.url);
    next = following === undefined ? undefined : { ...next, url: following };
  }
}

async function readPage(
  fetch: Fetch,
  request: HttpRequest,
  repository: RepositoryName,
): Promise<{ response: HttpResponse; page: Page | undefined }> {
  const { response, bytes } = await readAll(fetch, request, MAX_PAGE_BYTES);
  if (response.status === 404) return { response, page: undefined };
  await ensureStatus(response, [200], 'list the tags', repository);
  return { response, page: parsePage(bytes, repository) };
}

// Checked by hand: a schema library costs seconds over the million manifests of a production tree.
function parsePage(bytes: Uint8Array, repository: RepositoryName): Page {
  const refuse = (what: string, cause?: unknown): never => {
    throw new PromotionError('REGISTRY_PROTOCOL', `the tag list of ${repository} ${what}`, {
      cause,
      hint: `check that ${hostOf(repository)} is a registry and not something else that answers`,
    });
  };
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (error) {
    return refuse('is not JSON', error);
  }
  if (!isObject(body)) return refuse('is not a JSON object');
  const { tags, manifest } = body;
  // An error under status 200, or anything else that is no listing, must not look like an empty repository.
  if (!['name', 'tags', 'manifest'].some((key) => key in body)) return refuse('has neither a name nor tags');
  if (tags !== undefined && tags !== null && !isStrings(tags)) return refuse('has tags that are not strings');
  if (manifest !== undefined && !isObject(manifest)) return refuse('has a "manifest" that is not an object');
  return {
    tags: tags ?? [],
    manifests: manifest === undefined ? undefined : parseManifests(manifest, refuse),
  };
}

function parseManifests(listed: Record<string, unknown>, refuse: (what: string) => never): Map<Digest, ListedManifest> {
  const manifests = new Map<Digest, ListedManifest>();
  for (const [digest, value] of Object.entries(listed)) {
    if (!isDigest(digest) || !isObject(value)) return refuse(`lists "${digest.slice(0, 80)}", which is no manifest`);
    const { tag, mediaType, timeUploadedMs } = value;
    if (tag !== undefined && tag !== null && !isStrings(tag))
      return refuse(`has tags of ${digest} that are not strings`);
    manifests.set(digest, {
      tags: tag ?? [],
      ...(typeof mediaType === 'string' && { mediaType }),
      ...(Number(timeUploadedMs) > 0 && { uploadedAt: Number(timeUploadedMs) }),
    });
  }
  return manifests;
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
function nextPage(response: HttpResponse, from: URL): URL | undefined {
  for (const link of response.headers.get('link') ?? []) {
    const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(link)?.[1];
    if (target === undefined) continue;
    const url = new URL(target, from);
    if (url.origin === from.origin) return url;
    throw new PromotionError(
      'REFUSED_ADDRESS',
      `the next page of ${from.host}${from.pathname} is on another host, ${url.host}`,
    );
  }
  return undefined;
}

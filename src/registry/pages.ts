import { PromotionError } from '../errors.ts';
import type { Fetch, HttpRequest, HttpResponse } from '../http/fetch.ts';
import { readAll } from '../http/read.ts';
import { hostOf, type RepositoryName } from '../image/reference.ts';

/** One page of a listing: production's largest repositories need about 4 MiB. */
const MAX_PAGE_BYTES = 128 * 1024 * 1024;

/** No repository needs this many pages; a registry that sends us round in circles does. */
const MAX_PAGES = 10_000;

/** One answer on the way through a listing. */
export type Page = { readonly response: HttpResponse; readonly bytes: Uint8Array };

/** Reads a listing page by page, as each answer links to the next, for as long as `take` says that there may be more. */
export async function readPages(
  fetch: Fetch,
  first: HttpRequest,
  repository: RepositoryName,
  take: (page: Page) => boolean | Promise<boolean>,
): Promise<void> {
  let next: HttpRequest | undefined = first;
  const visited = new Set<string>();
  while (next !== undefined) {
    if (visited.has(next.url.href) || visited.size === MAX_PAGES) {
      throw new PromotionError(
        'REGISTRY_PROTOCOL',
        `the registry lists what is in ${repository} in a circle: ${next.url.pathname} came twice`,
        { hint: 'run again; if it stays, tell whoever runs the registry' },
      );
    }
    visited.add(next.url.href);
    const page = await readAll(fetch, next, MAX_PAGE_BYTES);
    if (!(await take(page))) return;
    const following = nextPage(page.response, next.url);
    next = following === undefined ? undefined : { ...next, url: following };
  }
}

/** What a page holds, as JSON; `refuse` is told what is wrong with it. */
export function pageJson(bytes: Uint8Array, refuse: (what: string, cause?: unknown) => never): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (error) {
    return refuse('is not JSON', error);
  }
}

/** Throws that the list of this repository is none. */
export function refuseListing(repository: RepositoryName): (what: string, cause?: unknown) => never {
  return (what, cause) => {
    throw new PromotionError('REGISTRY_PROTOCOL', `the tag list of ${repository} ${what}`, {
      cause,
      hint: `check that ${hostOf(repository)} is a registry and not something else that answers`,
    });
  };
}

// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
function nextPage(response: HttpResponse, from: URL): URL | undefined {
  for (const link of response.headers.get('link') ?? []) {
    const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(link)?.[1];
    if (target === undefined) continue;
    const url = new URL(target, from);
    // Behind a proxy registries know neither their scheme nor their port: path and query are what counts.
    if (url.hostname === from.hostname) return new URL(`${url.pathname}${url.search}`, from);
    throw new PromotionError(
      'REFUSED_ADDRESS',
      `the next page of ${from.host}${from.pathname} is on another host, ${url.host}`,
      { hint: `let ${from.host} give addresses under its own name: credentials are sent to no other host` },
    );
  }
  return undefined;
}

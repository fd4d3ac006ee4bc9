import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import type { Fetch, HttpRequest, HttpResponse } from '../../http/fetch.ts';
import { newProgress } from '../../http/transport/progress.ts';
import { readWith, type ReadAnswer } from '../../http/response/read.ts';
import { nextLink } from '../../http/link.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import { jsonEntries, type Shape } from './json-entries.ts';
import { listingMemory, type ListingMemory } from './listing-memory.ts';

/** A repository of 150,000 tags has this many pages of 50; a registry with more pages sends us round in a loop. */
const MAX_PAGES = 3_000;

/** A list of this many pages takes ten minutes from a registry that needs 200 ms for each; in milliseconds. */
const MAX_TIME = 900_000;

/** Throws an error that says what is wrong with a list. */
export type Refuse = (what: string, cause?: unknown) => never;

/** How the pages of a list are parsed, entry by entry. */
export type PageForm<P> = Pick<
  PagedList<P>,
  'of' | 'shape' | 'isPage' | 'refuse' | 'open' | 'entry' | 'begin' | 'field'
>;

/** Lists come in pages of a few KiB: a sixteenth of the minimum rate of blobs is enough. */
const LIST_SHARE = 1 / 16;

/** A list that comes page by page, each response linking to the next. */
type PagedList<P> = {
  readonly first: HttpRequest;
  /** The repository that is listed, for error messages. */
  readonly of: RepositoryName;
  readonly shape: Shape;
  /** Returns true if a 2xx response is a page. Default: every 200. */
  readonly isPage?: (response: HttpResponse) => boolean;
  readonly refuse: Refuse;
  /** Creates an empty page for each attempt to read one. */
  readonly open: () => P;
  readonly entry: (page: P, value: unknown, name: string, key: string) => void;
  /** Called for each list or object of the shape, even if it is empty. */
  readonly begin?: (page: P, key: string) => void;
  readonly field?: (page: P, key: string, value: unknown) => void;
  /** Processes a response, with its page if it is one. Returns true if more pages may follow. */
  readonly take: (answer: Answer<P>) => boolean | Promise<boolean>;
};

/** One response of a list; `bytes` is the body of a refusal. */
export type Answer<P> = { readonly response: HttpResponse; readonly bytes: Uint8Array; readonly page: P | undefined };

/**
 * Reads a list. Pages are parsed entry by entry as they arrive, and all pages of one list together have limits of size,
 * number and time. Throws REGISTRY_PROTOCOL if a list exceeds them.
 */
export type ListReader = <P>(list: PagedList<P>) => Promise<void>;

/** Creates a reader for a whole run: concurrent large lists share its memory. */
export function listReader(fetch: Fetch, clock: Clock): ListReader {
  const memory = listingMemory();
  return async (list) => {
    const share = memory.open(list.of, list.first.signal);
    try {
      await readPages(fetch, clock, share, list);
    } finally {
      share.close();
    }
  };
}

async function readPages<P>(fetch: Fetch, clock: Clock, memory: ListingMemory, list: PagedList<P>): Promise<void> {
  const began = clock.elapsed();
  let next: HttpRequest | undefined = list.first;
  const visited = new Set<string>();
  const progress = newProgress(LIST_SHARE);
  while (next !== undefined) {
    if (visited.has(next.url.href)) throw endless(list.of, `in a loop: ${next.url.pathname} came twice`);
    if (visited.size === MAX_PAGES)
      throw endless(list.of, `endlessly: it returned ${MAX_PAGES} pages and links to another one`);
    if (clock.elapsed() - began > MAX_TIME)
      throw endless(list.of, `endlessly: reading has taken ${MAX_TIME / 60_000} minutes`);
    visited.add(next.url.href);
    const answer: ReadAnswer<P | undefined> = await readWith(fetch, { ...next, progress }, (response) =>
      readPage(response, memory, list),
    );
    memory.add(next.url.href.length);
    memory.keep();
    if (!(await list.take({ ...answer, page: answer.value }))) return;
    const following = nextPage(answer.response, next.url);
    next = following === undefined ? undefined : { ...next, url: following };
  }
}

async function readPage<P>(response: HttpResponse, memory: ListingMemory, list: PagedList<P>): Promise<P | undefined> {
  const { shape, refuse, isPage = ({ status }: HttpResponse) => status === 200 } = list;
  if (!isPage(response)) {
    await response.body.discard();
    return undefined;
  }
  const page = list.open();
  memory.restart();
  const reader = jsonEntries(shape, {
    refuse,
    begin: (key) => list.begin?.(page, key),
    entry: (key, value, name) => {
      memory.addEntry();
      list.entry(page, value, name, key);
    },
    field: (key, value) => {
      memory.addEntry();
      list.field?.(page, key, value);
    },
  });
  await response.body.drain((chunk) => {
    memory.add(chunk.length);
    reader.push(chunk);
    return memory.room();
  });
  reader.end();
  return page;
}

function endless(of: RepositoryName, how: string): PromotionError {
  return new PromotionError('REGISTRY_PROTOCOL', `the registry lists the contents of ${of} ${how}`, {
    hint: `retry; if it persists, contact the operator of ${hostOf(of)}`,
  });
}

/** Returns a function that throws for an invalid list of this repository. */
export function refuseListing(repository: RepositoryName): Refuse {
  return (what, cause) => {
    throw new PromotionError('REGISTRY_PROTOCOL', `the tag list of ${repository} ${what}`, {
      cause,
      hint: `check that ${hostOf(repository)} is a registry and not another service`,
    });
  };
}

function noAddress({ host, pathname }: URL): PromotionError {
  return new PromotionError('REGISTRY_PROTOCOL', `the next page of ${host}${pathname} has an invalid address`, {
    hint: `check that ${host} is a registry and not another service`,
  });
}

// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
function nextPage(response: HttpResponse, from: URL): URL | undefined {
  for (const link of response.headers.get('link') ?? []) {
    const target = nextLink(link);
    if (target === undefined) continue;
    const url = URL.parse(target, from.href);
    if (url === null) throw noAddress(from);
    // Behind a proxy registries know neither their scheme nor their port: only path and query count. Set rather than
    // resolved: a path that begins with two slashes would name another host.
    if (url.hostname === from.hostname)
      return Object.assign(new URL(from), { pathname: url.pathname, search: url.search });
    throw new PromotionError(
      'REFUSED_ADDRESS',
      `the next page of ${from.host}${from.pathname} is on another host, ${url.host}`,
      { hint: `configure ${from.host} to return addresses under its own name: credentials are sent to no other host` },
    );
  }
  return undefined;
}

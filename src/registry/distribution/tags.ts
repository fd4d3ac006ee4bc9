import type { HttpRequest, HttpResponse } from '../../http/fetch.ts';
import { ensureStatus } from '../../http/response/read.ts';
import { isDigest, type Digest } from '../../image/digest.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import type { DistributionServices } from './services.ts';
import { unanswered, type RequestTo } from '../request.ts';
import { isMissing, type OwnLister, type RegistryKind } from '../kinds/kind.ts';
import { refuseListing, type ListReader, type PageForm, type Refuse } from '../listing/pages.ts';
import type { Call, ListedManifest, RepositoryListing, TagLister } from '../roles.ts';

/** Content of one page; without a name, tags or manifests it is not a valid page. */
type Page = {
  readonly tags: Set<string>;
  readonly manifests: Map<Digest, ListedManifest>;
  readonly children: Set<string>;
  isListing: boolean;
  isGoogle: boolean;
};

/**
 * Returns a lister of tags. It uses the API of the registry's kind if there is one, else `tags/list`, and remembers
 * what each host offers.
 */
export function tagListing(services: ListingServices, request: RequestTo): TagLister {
  const { traitsOf, kindOf } = services;
  const googleHosts = new Set<string>();
  const isGoogle = (host: string): boolean => {
    const { listing = 'auto' } = traitsOf?.(host) ?? {};
    return listing === 'auto' ? googleHosts.has(host) || kindOf(host).listing === 'google' : listing === 'google';
  };
  const listed = ownListing(services, request);

  /** Returns the listing, or a refusal for which there is a fallback. */
  const readList = async (repository: RepositoryName, call: Call): Promise<RepositoryListing | Refused> => {
    const host = hostOf(repository);
    let refused: Refused | undefined;
    let all = emptyPage();
    await services.readPages({
      ...pagesOf(repository),
      first: firstPage(request, repository, kindOf(host), call),
      take: async ({ response, page }) => {
        if (isMissing(response.status, kindOf(host))) return false;
        refused = refusalOf(response, services.asWriter.has(repository), kindOf(host), call);
        if (refused !== undefined) return false;
        await ensureStatus(response, [200], 'list the tags of', repository);
        if (page === undefined) return false;
        if (isGooglePage(page, repository)) googleHosts.add(host);
        all = joined(all, page);
        return true;
      },
    });
    if (refused !== undefined) return refused;
    const { tags, manifests, children } = all;
    if (!isGoogle(host) || (manifests.size === 0 && tags.size > 0)) return { kind: 'tags', tags };
    const cut = mayBeCut(manifests, kindOf(host)) ? ({ mayBeCut: true } as const) : {};
    return { kind: 'digests', manifests, children, ...cut };
  };

  return {
    listRepository: async (repository, call) =>
      (await listed(hostOf(repository))?.(repository, call)) ?? listAsAllowed(readList, services, repository, call),
  };
}

function mayBeCut(
  manifests: ReadonlyMap<Digest, ListedManifest>,
  { listsAtMost = Number.POSITIVE_INFINITY }: RegistryKind,
): boolean {
  let tags = 0;
  for (const manifest of manifests.values()) tags += manifest.tags.length;
  return Math.max(manifests.size, tags) >= listsAtMost;
}

/**
 * Reads a list. If a repository refuses to be read, repeats the request with write scopes if the run writes to it, and
 * treats a refused list as empty.
 */
async function listAsAllowed(
  readList: (repository: RepositoryName, call: Call) => Promise<RepositoryListing | Refused>,
  { asWriter }: Pick<ListingServices, 'asWriter'>,
  repository: RepositoryName,
  call: Call,
): Promise<RepositoryListing> {
  let found = await readList(repository, call);
  while (found === 'for-writers') {
    asWriter.add(repository);
    found = await readList(repository, call);
  }
  return found === 'unread' ? { kind: 'tags', tags: new Set(), isUnread: true } : found;
}

type Refused = 'for-writers' | 'unread';

/**
 * Decides how to treat a destination that must not be read: some token servers grant no pull for a repository that does
 * not exist yet (Quay). A run that writes requests write scopes. A dry run must not, as that would create the
 * repository.
 */
function refusalOf(
  { status, access }: HttpResponse,
  isWriter: boolean,
  kind: RegistryKind,
  { destination }: Call,
): Refused | undefined {
  if ((status !== 401 && status !== 403) || access?.kind !== 'sent' || !access.taken) return undefined;
  if (destination === 'written') return isWriter ? undefined : 'for-writers';
  return destination === 'compared' && kind.refusesNew === true ? 'unread' : undefined;
}

type ListingServices = Pick<DistributionServices, 'fetch' | 'traitsOf' | 'credentials' | 'aws'> & {
  readonly readPages: ListReader;
  /** Repositories for which write scopes are requested. */
  readonly asWriter: Set<RepositoryName>;
  readonly kindOf: (host: string) => RegistryKind;
};

/** Returns the lister of a host's kind, unless the configuration sets the listing or it has failed there before. */
function ownListing(
  { fetch, readPages, traitsOf, kindOf, credentials, aws }: ListingServices,
  request: RequestTo,
): (host: string) => OwnLister | undefined {
  const listers = new Map<string, OwnLister | undefined>();
  const open = (host: string): OwnLister | undefined => {
    if ((traitsOf?.(host).listing ?? 'auto') !== 'auto') return undefined;
    const lister = kindOf(host).lister?.({
      fetch,
      readPages,
      request,
      credentials,
      aws,
    });
    return async (...asked) => {
      // If it fails, `tags/list` may work or shows the cause.
      const listing = await lister?.(...asked).catch(unanswered(asked[1]));
      if (listing === undefined) listers.set(host, undefined);
      return listing;
    };
  };
  return (host) => {
    if (!listers.has(host)) listers.set(host, open(host));
    return listers.get(host);
  };
}

function firstPage(
  request: RequestTo,
  repository: RepositoryName,
  { pageSize }: RegistryKind,
  call: Call,
): HttpRequest {
  const query = pageSize === undefined ? '' : `?n=${pageSize}`;
  return request(repository, `tags/list${query}`, { method: 'GET', operation: 'list' }, call);
}

// Validated by hand: a schema library costs seconds for the million manifests of a production tree.
function pagesOf(repository: RepositoryName): PageForm<Page> {
  const refuse = refuseListing(repository);
  return {
    of: repository,
    shape: { tags: 'list', manifest: 'map', child: 'list' },
    refuse,
    open: emptyPage,
    begin: (page, key) => {
      if (key !== 'child') page.isListing = true;
      if (key !== 'tags') page.isGoogle = true;
    },
    entry: (page, value, name, key) => {
      if (key === 'manifest') addManifest(page.manifests, name, value, refuse);
      else if (typeof value === 'string') page[key === 'tags' ? 'tags' : 'children'].add(value);
      else if (key === 'tags') refuse('has tags that are not strings');
    },
    field: (page, key, value) => {
      if (key === 'name' || key === 'tags') page.isListing = true;
      if (key === 'tags' && value !== null) refuse('has tags that are not strings');
      if (key === 'manifest') refuse('has a "manifest" that is not an object');
    },
  };
}

function emptyPage(): Page {
  return { tags: new Set(), manifests: new Map(), children: new Set(), isListing: false, isGoogle: false };
}

/** Joins two pages; usually there is one, which is not copied. */
function joined(all: Page, page: Page): Page {
  if (all.tags.size + all.manifests.size + all.children.size === 0) return page;
  for (const [digest, manifest] of page.manifests) all.manifests.set(digest, manifest);
  for (const tag of page.tags) all.tags.add(tag);
  for (const child of page.children) all.children.add(child);
  return all;
}

/**
 * Returns true if the page has the Google extension. Throws for an error under status 200 and for any other invalid
 * listing, which must not look like an empty repository.
 */
function isGooglePage({ isListing, isGoogle }: Page, repository: RepositoryName): boolean {
  return isListing ? isGoogle : refuseListing(repository)('has neither a name nor tags');
}

function addManifest(manifests: Page['manifests'], digest: string, value: unknown, refuse: Refuse): void {
  if (!isDigest(digest) || !isObject(value)) return refuse(`lists "${digest.slice(0, 80)}", which is not a manifest`);
  const { tag, mediaType, timeUploadedMs } = value;
  if (tag !== undefined && tag !== null && !isStrings(tag)) return refuse(`has tags of ${digest} that are not strings`);
  manifests.set(digest, {
    tags: tag ?? [],
    mediaType: typeof mediaType === 'string' ? mediaType : undefined,
    uploadedAt: Number(timeUploadedMs) > 0 ? Number(timeUploadedMs) : undefined,
  });
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

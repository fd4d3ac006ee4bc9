import { PromotionError } from '../errors.ts';
import { header, type Fetch, type HttpResponse } from '../http/fetch.ts';
import { ensureStatus } from '../http/read.ts';
import { MEDIA_TYPES } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { hostOf, type RepositoryName } from '../image/reference.ts';
import { errorCodeIn, referenceText } from './distribution-manifests.ts';
import { unanswered, type RequestTo } from './distribution-request.ts';
import { isMissing, type RegistryKind } from './kinds/kind.ts';
import { readPages, type Page } from './pages.ts';
import { fallbackReferrers, fallbackTag, referrersIn } from './referrer-index.ts';
import type { Call, ManifestReader, Referrer, ReferrerLister } from './roles.ts';

/** How registries say that they keep no lists of referrers. */
const NO_LISTS: readonly number[] = [400, 404, 405, 406, 501];

/** What says, beside a 404, that the address is unknown and not the repository. */
const UNKNOWN_ADDRESS: readonly (string | undefined)[] = [undefined, 'UNSUPPORTED', 'METHOD_UNKNOWN'];

type ListingServices = { readonly fetch: Fetch; readonly kindOf: (host: string) => RegistryKind };

/**
 * Referrers over HTTP, by https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers or the
 * fallback tag; remembers which of the two a host has.
 */
export function referrerListing(
  { fetch, kindOf }: ListingServices,
  request: RequestTo,
  { readManifest }: Pick<ManifestReader, 'readManifest'>,
): ReferrerLister {
  const listing = new Map<string, boolean>();

  /** What the registry lists; undefined when it has no list. */
  const ask = async (repository: RepositoryName, subject: Digest, call: Call): Promise<Referrer[] | undefined> => {
    const host = hostOf(repository);
    const found: Referrer[] = [];
    const headers = { accept: MEDIA_TYPES.ociIndex };
    const first = request(repository, `referrers/${subject}`, { method: 'GET', operation: 'list', headers }, call);
    let lists = false;
    let known = false;
    await readPages(fetch, first, repository, async (page) => {
      if (!lists && saysNo(page.response, kindOf(host))) {
        // A host that has lists says 404 of a repository that is not there.
        known = listing.get(host) === true && isMissing(page.response.status, kindOf(host));
        if (listing.get(host) !== true && isUnknownAddress(page)) listing.set(host, false);
        return false;
      }
      await ensureStatus(page.response, [200], 'list the referrers of', referenceText(repository, subject));
      lists = true;
      found.push(...parsePage(page, referenceText(repository, subject)));
      return true;
    });
    if (lists) listing.set(host, true);
    return lists || known ? found : undefined;
  };

  return {
    listReferrers: async (repository, subject, call) => {
      const listed = listing.get(hostOf(repository)) === false ? undefined : await ask(repository, subject, call);
      return listed ?? fallbackReferrers(await readManifest(repository, fallbackTag(subject), call), subject);
    },
    keepsReferrers: async (repository, subject, call) =>
      listing.get(hostOf(repository)) ?? (await ask(repository, subject, call).catch(unanswered(call))) !== undefined,
  };
}

function saysNo(response: HttpResponse, kind: RegistryKind): boolean {
  if (response.status === 200) return !isIndex(response);
  return NO_LISTS.includes(response.status) || isMissing(response.status, kind);
}

function isIndex(response: HttpResponse): boolean {
  return header(response, 'content-type')?.split(';')[0]?.trim().toLowerCase() === MEDIA_TYPES.ociIndex;
}

function isUnknownAddress({ response, bytes }: Page): boolean {
  return response.status !== 404 || UNKNOWN_ADDRESS.includes(errorCodeIn(Buffer.from(bytes).toString('utf8')));
}

function parsePage({ bytes }: Page, object: string): readonly Referrer[] {
  const page = referrersIn(bytes);
  if (page !== undefined && page.broken === 0) return page.referrers;
  // To go on would make it look as if less, or nothing, were attached.
  throw new PromotionError(
    'REGISTRY_PROTOCOL',
    `the registry's list of what refers to ${object} is no index of manifests`,
    {
      hint: 'run again; if it stays, ask whoever runs the registry',
    },
  );
}

import { PromotionError } from '../../errors.ts';
import { header, type HttpResponse } from '../../http/fetch.ts';
import { ensureStatus } from '../../http/response/read.ts';
import { MEDIA_TYPES } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import { errorCodeIn } from './manifests.ts';
import { referenceText, unanswered, type RequestTo } from '../request.ts';
import { isMissing, type RegistryKind } from '../kinds/kind.ts';
import type { Answer, ListReader, PageForm } from '../listing/pages.ts';
import { fallbackReferrers, fallbackTag, referrerOf, showsIndex } from '../fallback-index.ts';
import type { Call, ManifestReader, Referrer, ReferrerLister } from '../roles.ts';

/** Statuses of a registry without the referrers API. */
const NO_LISTS: readonly number[] = [400, 404, 405, 406, 501];

/** Error codes that, with a 404, mean an unknown address and not an unknown repository. */
const UNKNOWN_ADDRESS: readonly (string | undefined)[] = [undefined, 'UNSUPPORTED', 'METHOD_UNKNOWN'];

const LIST = { method: 'GET', operation: 'list', headers: { accept: MEDIA_TYPES.ociIndex } } as const;

type ListingServices = { readonly readPages: ListReader; readonly kindOf: (host: string) => RegistryKind };

type Ask = (
  repository: RepositoryName,
  subject: Digest,
  call: Call,
  artifactType?: string,
) => Promise<Referrer[] | undefined>;

/**
 * Lists referrers over HTTP with
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers or the fallback tag;
 * remembers which of the two each host supports.
 */
export function referrerListing(
  services: ListingServices,
  request: RequestTo,
  { readManifest }: Pick<ManifestReader, 'readManifest'>,
): ReferrerLister {
  const listing = new Map<string, boolean>();
  const ask = askingLists(services, request, listing);
  return {
    listReferrers: async (repository, subject, call, artifactType) => {
      const isAsked = listing.get(hostOf(repository)) !== false;
      const listed = isAsked ? await ask(repository, subject, call, artifactType) : undefined;
      return listed ?? fallbackReferrers(await readManifest(repository, fallbackTag(subject), call), subject);
    },
    keepsReferrers: async (repository, subject, call) => {
      if (!listing.has(hostOf(repository))) await ask(repository, subject, call).catch(unanswered(call));
      return listing.get(hostOf(repository));
    },
  };
}

/** Requests the list of a registry; returns undefined if it has none. Records in `listing` which hosts have lists. */
function askingLists({ readPages, kindOf }: ListingServices, request: RequestTo, listing: Map<string, boolean>): Ask {
  return async (repository, subject, call, artifactType) => {
    const host = hostOf(repository);
    const found: Referrer[] = [];
    let [lists, known] = [false, false];
    const object = referenceText(repository, subject);
    const filter = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
    await readPages({
      ...indexPages(repository, object),
      first: request(repository, `referrers/${subject}${filter}`, LIST, call),
      take: async ({ page, ...answer }) => {
        const { response } = answer;
        if (!lists && saysNo(response, kindOf(host))) {
          // On a host with the API, a 404 means that the repository does not exist.
          known = listing.get(host) === true && isMissing(response.status, kindOf(host));
          if (listing.get(host) !== true && isUnknownAddress(answer)) listing.set(host, false);
          return false;
        }
        await ensureStatus(response, [200], 'list the referrers of', object);
        if (page?.isIndex !== true) refuseIndex(object);
        lists = true;
        for (const referrer of page.referrers) found.push(referrer);
        return true;
      },
    });
    if (lists) listing.set(host, true);
    return lists || known ? found : undefined;
  };
}

function saysNo(response: HttpResponse, kind: RegistryKind): boolean {
  if (response.status === 200) return !isIndex(response);
  return NO_LISTS.includes(response.status) || isMissing(response.status, kind);
}

function isIndex(response: HttpResponse): boolean {
  return header(response, 'content-type')?.split(';')[0]?.trim().toLowerCase() === MEDIA_TYPES.ociIndex;
}

function isUnknownAddress({ response, bytes }: Pick<Answer<unknown>, 'response' | 'bytes'>): boolean {
  return response.status !== 404 || UNKNOWN_ADDRESS.includes(errorCodeIn(Buffer.from(bytes).toString('utf8')));
}

type ReferrerPage = { readonly referrers: Referrer[]; isIndex: boolean };

function indexPages(of: RepositoryName, object: string): PageForm<ReferrerPage> {
  return {
    of,
    shape: { manifests: 'list' },
    refuse: () => refuseIndex(object),
    isPage: (response) => response.status === 200 && isIndex(response),
    open: () => ({ referrers: [], isIndex: false }),
    begin: (page) => void (page.isIndex = true),
    entry: (page, value) => page.referrers.push(referrerOf(value) ?? refuseIndex(object)),
    field: (page, key, value) => void (page.isIndex ||= showsIndex(key, value)),
  };
}

/** Throws for an invalid list: to continue would make it look as if fewer attachments existed, or none. */
function refuseIndex(object: string): never {
  throw new PromotionError(
    'REGISTRY_PROTOCOL',
    `the registry's list of referrers of ${object} is not an index of manifests`,
    {
      hint: "retry; if it persists, contact the registry's operator",
    },
  );
}

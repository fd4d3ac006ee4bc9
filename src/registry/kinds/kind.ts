import type { CredentialSource } from '../../http/credentials/credential.ts';
import type { EcrOptions } from '../../http/credentials/aws/options.ts';
import type { Fetch } from '../../http/fetch.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { RequestTo } from '../request.ts';
import type { ListReader } from '../listing/pages.ts';
import type { Call, RepositoryListing } from '../roles.ts';

/**
 * Lists a repository with the registry's own API. Returns undefined if the API is not available to us; the caller then
 * uses `tags/list`.
 */
export type OwnLister = (repository: RepositoryName, call: Call) => Promise<RepositoryListing | undefined>;

/**
 * Lists the repositories at and below a name with the registry's own API. Returns undefined if the API is not
 * available; the caller then uses `_catalog`.
 */
export type OwnCatalog = (root: RepositoryName, call: Call) => Promise<readonly RepositoryName[] | undefined>;

/** Services of the listers. Without credentials or AWS access, the APIs that need them are not used. */
export type ListerServices = {
  readonly fetch: Fetch;
  readonly readPages: ListReader;
  readonly request: RequestTo;
  readonly credentials?: CredentialSource | undefined;
  readonly aws?: EcrOptions | undefined;
};

/** The maximum page size of these registries; the default is 50 to 100. */
export const FULL_PAGE = 1000;

/** How the registries of a product differ from the distribution specification; an omitted field means no difference. */
export type RegistryKind = {
  readonly name: string;
  /** Hosts of this kind; undefined for products that people run under their own host names. */
  readonly hosts?: RegExp;
  /** `tags/list` has the Google extension, also for an empty list. */
  readonly listing?: 'google';
  /** A list with this many digests or tags may be incomplete. */
  readonly listsAtMost?: number;
  /** Page size to request for tags. Default: the registry decides. */
  readonly pageSize?: number;
  /** A 404 to the first HEADs of manifests is confirmed with a GET. */
  readonly doubtsHeads?: true;
  /** A read of missing content returns 403. */
  readonly forbiddenIsMissing?: true;
  /**
   * Access to a repository that does not exist yet is refused even to accounts that may create it; a token with write
   * scope creates it.
   */
  readonly refusesNew?: true;
  readonly lister?: (services: ListerServices) => OwnLister;
  readonly catalog?: (services: ListerServices) => OwnCatalog;
};

/** Returns true if registries of this kind return this status for missing content. */
export function isMissing(status: number, kind: RegistryKind): boolean {
  return status === 404 || (status === 403 && kind.forbiddenIsMissing === true);
}

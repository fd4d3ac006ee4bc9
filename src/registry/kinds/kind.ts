import type { CredentialSource } from '../../http/credentials/credential.ts';
import type { EcrOptions } from '../../http/credentials/aws/ecr-client.ts';
import type { Fetch } from '../../http/fetch.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { RequestTo } from '../request.ts';
import type { ListReader } from '../listing/pages.ts';
import type { Call, RepositoryListing } from '../roles.ts';

/** Lists a repository by an API of the registry's own; undefined where it is not offered to us, and `tags/list` must do. */
export type OwnLister = (repository: RepositoryName, call: Call) => Promise<RepositoryListing | undefined>;

/** Lists the repositories at and below a name by an API of the registry's own; undefined where it is not offered, and `_catalog` must do. */
export type OwnCatalog = (root: RepositoryName, call: Call) => Promise<readonly RepositoryName[] | undefined>;

/** What a lister of a kind may use; without credentials or AWS it does without what needs them. */
export type ListerServices = {
  readonly fetch: Fetch;
  readonly readPages: ListReader;
  readonly request: RequestTo;
  readonly credentials?: CredentialSource;
  readonly aws?: EcrOptions;
};

/** How a product's registries differ from a strict one of the distribution-spec; what is left out does not differ. */
export type RegistryKind = {
  readonly name: string;
  /** The hosts that are of this kind; none for what people run under names of their own. */
  readonly hosts?: RegExp;
  /** `tags/list` has the Google extension, also where it lists nothing. */
  readonly listing?: 'google';
  /** A list of this many digests or tags may be incomplete. */
  readonly listsAtMost?: number;
  /** Tags to ask for on a page; the registry decides where it is not given. */
  readonly pageSize?: number;
  /** `never`: a manifest is not asked for with HEAD; `doubted`: a 404 to the first ones is not believed without a GET. */
  readonly heads?: 'never' | 'doubted';
  /** To read what is not there is answered with 403. */
  readonly forbiddenIsMissing?: true;
  /** What does not exist yet is refused to whoever may create it, and created when a token to write to it is given. */
  readonly refusesNew?: true;
  readonly lister?: (services: ListerServices) => OwnLister;
  readonly catalog?: (services: ListerServices) => OwnCatalog;
};

/** Whether a registry of this kind says by this status that what was to be read is not there. */
export function isMissing(status: number, kind: RegistryKind): boolean {
  return status === 404 || (status === 403 && kind.forbiddenIsMissing === true);
}

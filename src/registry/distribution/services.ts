import type { Fetch } from '../../http/fetch.ts';
import type { Pause } from '../../async/backoff.ts';
import type { Clock } from '../../clock.ts';
import type { CredentialSource } from '../../http/credentials/credential.ts';
import type { EcrOptions } from '../../http/credentials/aws/options.ts';
import type { HostTraits, RepositoryCreator } from '../roles.ts';

/** Services of the client for real registries; `baseUrl` returns `https://host[:port]` for a host of the manifests. */
export type DistributionServices = {
  readonly fetch: Fetch;
  readonly baseUrl: (host: string) => URL;
  readonly clock: Clock;
  /** Waits before an interrupted download is resumed. */
  readonly pause: Pause;
  /** Returns what is known about a host of the manifests. Default: nothing. */
  readonly traitsOf?: (host: string) => HostTraits;
  /** Creates a missing repository if the traits of the host permit it. */
  readonly creator?: RepositoryCreator;
  /** Credentials for the APIs that some products have in addition. Default: those APIs are not used. */
  readonly credentials?: CredentialSource;
  /** Access to AWS, for the listings of ECR. Default: ECR is listed like other registries. */
  readonly aws?: EcrOptions;
};

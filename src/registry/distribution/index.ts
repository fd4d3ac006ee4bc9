import type { Fetch } from '../../http/fetch.ts';
import type { Pause } from '../../async/backoff.ts';
import type { Clock } from '../../clock.ts';
import type { CredentialSource } from '../../http/credentials/credential.ts';
import type { EcrOptions } from '../../http/credentials/aws/ecr-client.ts';
import { blobReading } from './blobs.ts';
import { catalogListing } from './catalog.ts';
import { requestTo } from '../request.ts';
import { listReader } from '../listing/pages.ts';
import { tagListing } from './tags.ts';
import { referrerListing } from './referrers.ts';
import { manifestReading } from './manifests.ts';
import { manifestWriting } from './manifest-writes.ts';
import { blobWriting } from './uploads.ts';
import { kindNamed, kindOfHost, type RegistryKind } from '../kinds/index.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { HostTraits, Registry, RepositoryCreator } from '../roles.ts';

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

/**
 * Returns a client for any registry that implements
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export function distributionRegistry(given: DistributionServices): Registry {
  const asWriter = new Set<RepositoryName>();
  const request = requestTo(given.baseUrl, asWriter);
  const kinds = new Map<string, RegistryKind>();
  const kindOf = (host: string): RegistryKind => {
    const kind = kinds.get(host) ?? kindNamed(given.traitsOf?.(host).kind ?? '') ?? kindOfHost(host);
    kinds.set(host, kind);
    return kind;
  };
  const services = { ...given, kindOf, readPages: listReader(given.fetch, given.clock) };
  const reading = manifestReading(services, request);
  return {
    ...reading,
    ...referrerListing(services, request, reading),
    ...manifestWriting(services, request, reading),
    ...blobReading(services, request),
    ...tagListing({ ...services, asWriter }, request),
    ...catalogListing(services, request),
    ...blobWriting(services, request),
  };
}

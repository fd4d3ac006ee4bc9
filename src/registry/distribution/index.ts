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

/** What the client of real registries needs; `baseUrl` gives `https://host[:port]` for a host as manifests name it. */
export type DistributionServices = {
  readonly fetch: Fetch;
  readonly baseUrl: (host: string) => URL;
  readonly clock: Clock;
  /** Before a download that broke off goes on. */
  readonly pause: Pause;
  /** What is known of a host as manifests name it; nothing unless given. */
  readonly traitsOf?: (host: string) => HostTraits;
  /** Creates what is not there, where the traits of the host ask for it. */
  readonly creator?: RepositoryCreator;
  /** Who we are to the APIs that some products have besides; they are not asked unless given. */
  readonly credentials?: CredentialSource;
  /** The way to AWS, for the listings of ECR; they are read as elsewhere unless given. */
  readonly aws?: EcrOptions;
};

/** Any registry that speaks https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md */
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

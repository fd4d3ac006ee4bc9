import type { Fetch } from '../http/fetch.ts';
import type { Pause } from '../http/pause.ts';
import type { Clock } from '../clock.ts';
import { blobReading } from './distribution-blobs.ts';
import { requestTo } from './distribution-request.ts';
import { tagListing } from './distribution-lists.ts';
import { manifestReading, manifestWriting } from './distribution-manifests.ts';
import { blobWriting } from './distribution-uploads.ts';
import type { HostTraits, Registry, RepositoryCreator } from './roles.ts';

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
};

/** Any registry that speaks https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md */
export function distributionRegistry(services: DistributionServices): Registry {
  const request = requestTo(services.baseUrl);
  return {
    ...manifestReading(services.fetch, request),
    ...manifestWriting(services.fetch, request),
    ...blobReading(services, request),
    ...tagListing(services, request),
    ...blobWriting(services, request),
  };
}

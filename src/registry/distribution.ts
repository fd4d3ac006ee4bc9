import type { Fetch, HttpRequest, Operation, Scope } from '../http/fetch.ts';
import type { Pause } from '../http/pause.ts';
import { splitRepository, type RepositoryName } from '../image/reference.ts';
import type { Clock } from '../clock.ts';
import { blobReading } from './distribution-blobs.ts';
import { tagListing } from './distribution-lists.ts';
import { manifestAccess } from './distribution-manifests.ts';
import { blobWriting } from './distribution-uploads.ts';
import type { Call, Registry } from './roles.ts';

/** What the client of real registries needs; `baseUrl` gives `https://host[:port]` for a host as manifests name it. */
export type DistributionServices = {
  readonly fetch: Fetch;
  readonly baseUrl: (host: string) => URL;
  readonly clock: Clock;
  /** Before a download that broke off goes on. */
  readonly pause: Pause;
};

/** Builds one request to a registry: the path is below `/v2/<repository>/`. */
export type RequestTo = (
  repository: RepositoryName,
  path: string,
  request: Partial<HttpRequest> & { readonly method: HttpRequest['method']; readonly operation: Operation },
  call: Call,
) => HttpRequest;

/** Any registry that speaks https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md */
export function distributionRegistry(services: DistributionServices): Registry {
  const request = requestTo(services.baseUrl);
  return {
    ...manifestAccess(services.fetch, request),
    ...blobReading(services, request),
    ...tagListing(services.fetch, request),
    ...blobWriting(services.fetch, request),
  };
}

function requestTo(baseUrl: DistributionServices['baseUrl']): RequestTo {
  return (repository, path, request, call) => {
    const { host, path: name } = splitRepository(repository);
    const url = new URL(`/v2/${name}/${path}`, baseUrl(host));
    return { scopes: [scopeOf(repository, request.method)], ...request, url, ...call };
  };
}

/** What a request of this method must be allowed to do in the repository. */
export function scopeOf(repository: RepositoryName, method: HttpRequest['method']): Scope {
  const reads = method === 'GET' || method === 'HEAD';
  return { repository: splitRepository(repository).path, actions: reads ? ['pull'] : ['pull', 'push'] };
}

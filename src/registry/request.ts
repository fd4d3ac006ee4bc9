import { isPromotionError } from '../errors.ts';
import type { HttpRequest, Operation, Scope } from '../http/fetch.ts';
import { splitRepository, type RepositoryName } from '../image/reference.ts';
import type { Call } from './roles.ts';

/** Builds one request to a registry: the path is below `/v2/<repository>/`. */
export type RequestTo = (
  repository: RepositoryName,
  path: string,
  request: Partial<HttpRequest> & { readonly method: HttpRequest['method']; readonly operation: Operation },
  call: Call,
) => HttpRequest;

/** How long a request is tried that only saves others, in milliseconds: a moment's trouble passes, and nobody waits minutes for it. */
export const OPTIONAL_MS = 10_000;

/** What refuses one such request refuses those for all other blobs of the image; rights that were granted meanwhile count after this. */
export const REFUSED_FOR_MS = 600_000;

/** Takes a failure of what only saves other requests for no answer at all; throws it if the run was stopped, or if it is a bug. */
export function unanswered({ signal }: Call): (error: unknown) => undefined {
  return (error) => {
    signal.throwIfAborted();
    if (!isPromotionError(error)) throw error;
  };
}

/** Requests go to where `baseUrl` says that a host is; those to repositories in `asWriter` ask for the rights of a writer. */
export function requestTo(
  baseUrl: (host: string) => URL,
  asWriter: ReadonlySet<RepositoryName> = new Set(),
): RequestTo {
  return (repository, path, request, call) => {
    const { host } = splitRepository(repository);
    const url = new URL(`/v2/${pathOf(repository)}/${path}`, baseUrl(host));
    const scope = scopeOf(repository, asWriter.has(repository) ? 'PUT' : request.method);
    return { scopes: [scope], ...request, url, ...call };
  };
}

/** What a request of this method must be allowed to do in the repository. */
export function scopeOf(repository: RepositoryName, method: HttpRequest['method']): Scope {
  const reads = method === 'GET' || method === 'HEAD';
  return { repository: pathOf(repository), actions: reads ? ['pull'] : ['pull', 'push'] };
}

/** A repository's path as its registry knows it: on Docker Hub, one without a namespace is of `library`. */
function pathOf(repository: RepositoryName): string {
  const { host, path } = splitRepository(repository);
  return /^(?:index\.|registry-1\.)?docker\.io$/i.test(host) && !path.includes('/') ? `library/${path}` : path;
}

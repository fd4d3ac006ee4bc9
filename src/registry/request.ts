import { isPromotionError } from '../errors.ts';
import type { HttpRequest, Operation, Scope } from '../http/fetch.ts';
import { splitRepository, type RepositoryName } from '../image/reference.ts';
import type { Call } from './roles.ts';
import { isDigest } from '../image/digest.ts';

/** Builds one request to a registry. The path is relative to `/v2/<repository>/`. */
export type RequestTo = (
  repository: RepositoryName,
  path: string,
  request: Partial<HttpRequest> & { readonly method: HttpRequest['method']; readonly operation: Operation },
  call: Call,
) => HttpRequest;

/**
 * Retry budget of a request that only saves other requests, in milliseconds: long enough for a short failure, and no
 * run waits minutes for it.
 */
export const OPTIONAL_MS = 10_000;

/**
 * A refused optional request is not sent for other blobs within this time; rights granted meanwhile apply afterwards.
 * In milliseconds.
 */
export const REFUSED_FOR_MS = 600_000;

/**
 * Returns a handler that treats a failure of an optional request as no response. It rethrows if the run was stopped, or
 * if the error is a defect.
 */
export function unanswered({ signal }: Call): (error: unknown) => undefined {
  return (error) => {
    signal.throwIfAborted();
    if (!isPromotionError(error)) throw error;
  };
}

/**
 * Returns a request builder that sends requests to the `baseUrl` of a host. For repositories in `asWriter` it requests
 * write scopes.
 */
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

/** Returns the scope that a request with this method needs in the repository. */
export function scopeOf(repository: RepositoryName, method: HttpRequest['method']): Scope {
  const reads = method === 'GET' || method === 'HEAD';
  return { repository: pathOf(repository), actions: reads ? ['pull'] : ['pull', 'push'] };
}

/**
 * Returns a repository's path as its registry knows it: on Docker Hub, a name without a namespace belongs to `library`.
 */
function pathOf(repository: RepositoryName): string {
  const { host, path } = splitRepository(repository);
  return /^(?:index\.|registry-1\.)?docker\.io$/i.test(host) && !path.includes('/') ? `library/${path}` : path;
}

/** Returns the usual notation of a reference: `repository@digest` or `repository:tag`. */
export function referenceText(repository: RepositoryName, reference: string): string {
  return `${repository}${isDigest(reference) ? '@' : ':'}${reference}`;
}

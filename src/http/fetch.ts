import type { Permit } from '../ratelimit/limiter.ts';
import type { Progress } from './transport/progress.ts';

/** One request, as every layer of the stack sees it. Header names are lower case. */
export type HttpRequest = {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  /** Selects the rate class, the timeouts and the words of error messages. */
  readonly operation: Operation;
  /** Permissions that a token for the request needs; the first names the repository of the request. */
  readonly scopes?: readonly Scope[] | undefined;
  /**
   * Reads a 2xx body to its end as part of the request, so that a truncated body is retried like any other failure. A
   * number is the limit in bytes; a function reads the body itself, once for each attempt.
   */
  readonly wholeBody?: number | ((response: HttpResponse) => Promise<void>) | undefined;
  /** Sends no credentials: a redirect led to another origin. */
  readonly anonymous?: boolean | undefined;
  /**
   * The server that named this address, if one did. A request to another origin carries no credentials, and a public
   * host cannot direct us to a private one.
   */
  readonly from?: URL | undefined;
  /** Set only by the credential source of this name, which may access its own fixed metadata address. */
  readonly metadata?: MetadataUser | undefined;
  /** Never retried: the operation may have taken effect although no response came. */
  readonly once?: boolean | undefined;
  /** Retry budget in milliseconds, if less than that of the retry layer: for a request that callers can do without. */
  readonly retryWithin?: number | undefined;
  /** Time limit for the first response header, in milliseconds, if it differs from the origin's. */
  readonly headersWithin?: number | undefined;
  /**
   * How long to wait for the response, in milliseconds, if the signal aborts after the request was sent: the response
   * names a resource to clean up.
   */
  readonly abortGrace?: number | undefined;
  /**
   * Progress of the transfer that this request belongs to. All requests that share it must together keep the minimum
   * rate.
   */
  readonly progress?: Progress | undefined;
  /** A permit from `Reserve`; valid for one request. */
  readonly permit?: Permit | undefined;
  /** Counts this request and each of its replays, in addition to the run's totals. */
  readonly meter?: Meter | undefined;
  /** Called when the request has its permit and is sent. Set by the hedge layer. */
  readonly onSent?: (() => void) | undefined;
  /** The same request was sent before on another connection, and was silent. Set by the hedge layer. */
  readonly hedged?: boolean | undefined;
  /** An earlier attempt failed. Set by the retry layer. */
  readonly isRetry?: boolean | undefined;
  /** Time limit for the first response header, in milliseconds, if it is less than the origin's. Set by the hedge layer. */
  readonly answerWithin?: number | undefined;
  readonly signal: AbortSignal;
};

/** The credential sources that may access a metadata address. */
export type MetadataUser = 'google' | 'ecr';

/**
 * Class of a request: `token` authentication endpoints, `list` tags and referrers, `read`/`write` manifests,
 * `download`/`upload` blob bodies, `session` the small requests of an upload.
 */
export type Operation = 'token' | 'list' | 'read' | 'write' | 'download' | 'session' | 'upload' | 'other';

/** A request body. Bytes can be sent again after a 401 or a 5xx; a stream is sent once. `length` in bytes. */
export type RequestBody =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly length: number; readonly chunks: AsyncIterable<Uint8Array> };

/** Access to one repository, in the form of the token specification: `repository:<path>:<actions>`. */
export type Scope = {
  readonly repository: string;
  /** `metadata_read` is Azure's own action, for the API that lists tags with their digests. */
  readonly actions: readonly ('pull' | 'push' | 'delete' | 'metadata_read')[];
};

/** Counts what was sent: `requests` with every hop and replay, `bytes` of request and response bodies. */
export type Meter = { requests: number; bytes: number };

/** A response of any status. The body must be read or discarded: a concurrency slot is held until then. */
export type HttpResponse = {
  readonly status: number;
  /** Lower-case names; all values of a repeated header, in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** The address that responded, after redirects. */
  readonly url: URL;
  readonly body: ResponseBody;
  /** For a 401 or 403 of a registry: how the request was authenticated. */
  readonly access?: Access | undefined;
  /** Redacts the secrets of the process in text from the server. */
  readonly hide?: ((text: string) => string) | undefined;
};

/** How a refused request was authenticated, for error messages. `name` describes the credentials. */
export type Access =
  | { readonly kind: 'anonymous' }
  /** `taken`: a token server accepted the credentials, but the registry refused the token. */
  | { readonly kind: 'sent'; readonly name: string; readonly taken: boolean }
  /** The server names no scheme that can carry the credentials; `offered` lists those that it names. */
  | { readonly kind: 'unused'; readonly name: string; readonly offered: readonly string[] }
  /** Another host named the address, so no credentials were sent. */
  | { readonly kind: 'withheld'; readonly from: string };

export type ResponseBody = {
  /** Returns the whole body; throws REGISTRY_PROTOCOL if it is longer than `limit` bytes. */
  bytes(limit: number): Promise<Uint8Array>;
  /** Passes the body to `take` chunk by chunk and awaits each call; throws what `take` throws. */
  drain(take: (chunk: Uint8Array) => void | Promise<void>): Promise<void>;
  /** Returns the body as a stream; it ends with an error if the body is truncated or stalls. */
  stream(): AsyncIterable<Uint8Array>;
  /** Gives up the body without reading it; never throws. */
  discard(): Promise<void>;
  /** Resolves when the socket is done with the body: received, failed or given up. Never rejects. */
  readonly finished: Promise<void>;
};

/** The function type that every layer wraps. Resolves for every status; throws PromotionError if no response came. */
export type Fetch = (request: HttpRequest) => Promise<HttpResponse>;

/**
 * Gets a permit for one request to the origin of this address, for callers that must not wait later. A permit that is
 * not used must be released.
 */
export type Reserve = (url: URL, signal: AbortSignal) => Promise<Permit>;

/** Returns the first value of a header. */
export function header(response: Pick<HttpResponse, 'headers'>, name: string): string | undefined {
  return response.headers.get(name)?.[0];
}

import type { Permit } from '../ratelimit/limiter.ts';
import type { Progress } from './transport/progress.ts';

/** One request as every layer of the stack sees it. Header names are lower case. */
export type HttpRequest = {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** Decides the rate class, the timeouts and the words of an error. */
  readonly operation: Operation;
  /** What the request needs to be allowed to do, for a token; the first is the repository it is about. */
  readonly scopes?: readonly Scope[];
  /**
   * Reads a 2xx answer to its end as part of the request, so that a body cut short is retried like any other failure: so many
   * bytes at most, or as this function reads it, anew for each attempt.
   */
  readonly wholeBody?: number | ((response: HttpResponse) => Promise<void>);
  /** No credentials, whoever asks: a redirect led to another origin. */
  readonly anonymous?: boolean;
  /** Who named this address, if a server did: to another origin go no credentials, and from a public host nothing goes inside. */
  readonly from?: URL;
  /** Only set by the credential source of this name, which may ask its own fixed metadata address. */
  readonly metadata?: MetadataUser;
  /** Never sent twice by itself: what it does may be done although no answer came. */
  readonly once?: boolean;
  /** How long, in milliseconds, it is tried again, if less than the retry layer's budget: for a request that others can do without. */
  readonly patience?: number;
  /** How long the first header of the answer may take, in milliseconds, where the origin's own time does not fit. */
  readonly headersWithin?: number;
  /** How long an answer may still come, in milliseconds, when the signal aborts after the request was sent: it names what is to be tidied up. */
  readonly lingers?: number;
  /** What has moved of that which this request is about: its body must move on, over all requests that share this. */
  readonly progress?: Progress;
  /** Leave that was got before, by `Reserve`; of no use for a second request. */
  readonly permit?: Permit;
  /** Where this request and each of its replays is counted, besides the run's own totals. */
  readonly meter?: Meter;
  readonly signal: AbortSignal;
};

/** The credential sources that have a metadata address of their own. */
export type MetadataUser = 'google' | 'ecr';

/** `token` auth endpoints, `list` tags and referrers, `read`/`write` manifests, `download`/`upload` blob bodies, `session` the small requests of an upload. */
export type Operation = 'token' | 'list' | 'read' | 'write' | 'download' | 'session' | 'upload' | 'other';

/** Bytes can be sent again after a 401 or a 5xx; a stream is sent once. `length` in bytes. */
export type RequestBody =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly length: number; readonly chunks: AsyncIterable<Uint8Array> };

/** Access to one repository, as a token server understands it: `repository:<path>:<actions>`. */
export type Scope = {
  readonly repository: string;
  /** `metadata_read` is Azure's own, for the API that tells what tags point to. */
  readonly actions: readonly ('pull' | 'push' | 'delete' | 'metadata_read')[];
};

/** Counts what was really sent: `requests` every hop and replay, `bytes` request and response bodies. */
export type Meter = { requests: number; bytes: number };

/** An answer of any status. The body must be read or discarded: a concurrency slot is held until then. */
export type HttpResponse = {
  readonly status: number;
  /** Lower-case names; of a repeated header all values, in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  readonly body: ResponseBody;
  /** Of a refusal (401, 403) by a registry: who we were to it. */
  readonly access?: Access;
  /** Hides the secrets of the process in what the server said. */
  readonly hide?: (text: string) => string;
};

/** How a refused request was sent, for the words of an error. `name` is that of the credentials. */
export type Access =
  | { readonly kind: 'anonymous' }
  /** `taken`: a token server took the credentials, and the registry refuses the token. */
  | { readonly kind: 'sent'; readonly name: string; readonly taken: boolean }
  /** The server names no scheme in which the credentials can be sent; `offered` are those that it names. */
  | { readonly kind: 'unused'; readonly name: string; readonly offered: readonly string[] }
  /** Another host named the address: credentials do not follow. */
  | { readonly kind: 'withheld'; readonly from: string };

export type ResponseBody = {
  /** All of the body; throws REGISTRY_PROTOCOL when it is longer than `limit` bytes. */
  bytes(limit: number): Promise<Uint8Array>;
  /** Hands on all of the body as it comes, the next chunk when the last one was taken; throws what `take` throws. */
  drain(take: (chunk: Uint8Array) => void | Promise<void>): Promise<void>;
  /** The body as it comes; ends with an error when it is truncated or stalls. */
  stream(): AsyncIterable<Uint8Array>;
  /** Gives the body up without reading it; never throws. */
  discard(): Promise<void>;
  /** Resolves, never rejects, once nothing more comes over the socket: received, failed or given up. */
  readonly finished: Promise<void>;
};

/** The one function type that every layer wraps. Resolves for every status; throws PromotionError when no answer came. */
export type Fetch = (request: HttpRequest) => Promise<HttpResponse>;

/** Gets leave to send one request to the origin of this address, for whoever must not wait once all is prepared; released if it is not sent. */
export type Reserve = (url: URL, signal: AbortSignal) => Promise<Permit>;

/** The first value of a header. */
export function header(response: Pick<HttpResponse, 'headers'>, name: string): string | undefined {
  return response.headers.get(name)?.[0];
}

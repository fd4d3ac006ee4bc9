import { PromotionError } from '../../errors.ts';
import { header, type Fetch, type HttpRequest, type HttpResponse, type RequestBody } from '../../http/fetch.ts';
import { newProgress } from '../../http/transport/progress.ts';
import { ensureStatus } from '../../http/response/read.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { algorithmOf, isDigest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { errorCodeIn } from './manifests.ts';
import { referenceText, OPTIONAL_MS, scopeOf, type RequestTo } from '../request.ts';
import type { BlobUpload, Call } from '../roles.ts';

/** Statuses of a registry whose upload session is lost or out of step. */
const SESSION_LOST: readonly number[] = [400, 404, 416];

/** As many hops as the redirect layer follows: more is a loop. */
const MAX_HOPS = 5;

type OpenedUpload = {
  readonly fetch: Fetch;
  readonly request: RequestTo;
  readonly repository: RepositoryName;
  readonly blob: Descriptor;
  /**
   * The server that named the location. A registry may send uploads elsewhere, but neither into our network nor with
   * our credentials to another host.
   */
  readonly from: URL;
  readonly location: URL;
};

/**
 * Returns an upload that a registry has opened: one `PUT` for the whole, or another one for the rest
 * (distribution-spec, «Pushing blobs»).
 */
export function uploadSession(opened: OpenedUpload): BlobUpload {
  const { fetch, repository, blob, from } = opened;
  const object = referenceText(repository, blob.digest);
  let current: Place = { url: opened.location, from };
  let moved: Moved | undefined;
  const progress = newProgress();
  return {
    send: async (content, call, offset = 0) => {
      const headers = { 'content-type': 'application/octet-stream', ...rangeFrom(offset, blob) };
      const body = bodyOf(content, blob.size - offset);
      const to = moved ?? { url: closing(current.url, blob), from };
      const response = await fetch({ ...requestAt(to, 'PUT', opened, call), headers, body, progress });
      moved = movedBy(response, (moved?.hops ?? 0) + 1, object);
      if (moved !== undefined) {
        await response.body.discard();
        return 'moved';
      }
      if (SESSION_LOST.includes(response.status)) throw await lost(response, object);
      await ensureStatus(response, [200, 201, 202, 204], 'upload the blob', object);
      await response.body.discard();
      refuseForeignResponse(response, blob, object);
      return 'taken';
    },
    received: async (call) => {
      const response = await fetch(requestAt(current, 'GET', opened, call)).catch(() => undefined);
      await response?.body.discard();
      if (response?.status !== 204) return undefined;
      const next = header(response, 'location');
      const url = next === undefined ? null : URL.parse(next, response.url.href);
      if (url !== null) current = { url, from };
      return keptIn(header(response, 'range'), blob);
    },
    abandon: async (call) => {
      await fetch({ ...requestAt(current, 'DELETE', opened, call), retryWithin: OPTIONAL_MS })
        .then((response) => response.body.discard())
        .catch(() => undefined);
    },
  };
}

/** An address, and the server that named it. */
type Place = { readonly url: URL; readonly from: URL };

function requestAt(
  { url, from }: Place,
  method: 'PUT' | 'GET' | 'DELETE',
  { request, repository }: OpenedUpload,
  call: Call,
): HttpRequest {
  return {
    ...request(repository, '', { method, operation: method === 'PUT' ? 'upload' : 'session' }, call),
    // A writer may also read, and some servers issue tokens only for both at once.
    scopes: [scopeOf(repository, 'PUT')],
    url,
    from,
  };
}

/** The new address for the bytes of a stream, and the number of redirects so far. */
type Moved = Place & { readonly hops: number };

/**
 * The redirect layer cannot send a stream again, so redirects of streams are handled here; 307 and 308 keep the method
 * (RFC 9110 §15.4).
 */
function movedBy(response: HttpResponse, hops: number, object: string): Moved | undefined {
  const location = header(response, 'location');
  if ((response.status !== 307 && response.status !== 308) || location === undefined) return undefined;
  const url = URL.parse(location, response.url.href);
  if (url !== null && hops <= MAX_HOPS) return { url, from: response.url, hops };
  throw new PromotionError(
    'REGISTRY_PROTOCOL',
    `the upload of ${object} was redirected in a loop or to an invalid address`,
    {
      side: 'destination',
      hint: 'check the registry and the proxies in front of it',
    },
  );
}

/**
 * Throws for a response that does not come from a registry. A proxy's page may have status 200 as well: a stored blob
 * is recognized by its location, its digest or the ETag of a storage.
 */
function refuseForeignResponse(response: HttpResponse, { digest }: Descriptor, object: string): void {
  const told = header(response, 'docker-content-digest');
  const isSigned = ['location', 'docker-content-digest', 'docker-upload-uuid', 'etag'].some(
    (name) => header(response, name) !== undefined,
  );
  if (response.status === 200 && !isSigned)
    throw new PromotionError('UPLOAD_LOST', `the 200 response for ${object} does not come from a registry`, {
      side: 'destination',
      hint: 'check the proxies in front of the registry',
    });
  if (told === undefined || !isDigest(told) || told === digest || algorithmOf(told) !== algorithmOf(digest)) return;
  throw new PromotionError('DIGEST_MISMATCH', `the registry stored ${object} as ${told}`, {
    side: 'destination',
    hint: 'the registry must store blobs byte for byte: check the proxies in front of it',
  });
}

/** Appended as text: a registry's own query (`_state=`) must be returned unchanged. */
function closing(location: URL, { digest }: Descriptor): URL {
  const url = new URL(location);
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(digest)}`;
  return url;
}

function rangeFrom(offset: number, { size }: Descriptor): Record<string, string> {
  return offset === 0 || offset === size ? {} : { 'content-range': `${offset}-${size - 1}` };
}

/**
 * Returns the number of bytes kept; undefined for an impossible range. `0-0` is what most registries report for an
 * upload without a byte.
 */
function keptIn(range: string | undefined, { size }: Descriptor): number | undefined {
  const last = Number(/^(?:bytes=)?0-(\d+)$/.exec(range ?? '')?.[1] ?? 0);
  return last > 0 && last < size ? last + 1 : undefined;
}

async function lost(response: HttpResponse, object: string): Promise<PromotionError> {
  const text = Buffer.from(await response.body.bytes(64 * 1024).catch(() => new Uint8Array())).toString('utf8');
  const code = errorCodeIn(text) ?? 'without a code';
  return new PromotionError(
    code === 'DIGEST_INVALID' ? 'DIGEST_MISMATCH' : 'UPLOAD_LOST',
    `the registry no longer accepts the upload of ${object} (${response.status} ${code})`,
    { side: 'destination', hint: 'run again: complete blobs are not sent twice' },
  );
}

function bodyOf(content: Uint8Array | AsyncIterable<Uint8Array>, length: number): RequestBody {
  if (content instanceof Uint8Array) return { kind: 'bytes', bytes: content };
  return { kind: 'stream', length, chunks: content };
}

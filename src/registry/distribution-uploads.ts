import { PromotionError } from '../errors.ts';
import {
  header,
  type Fetch,
  type HttpRequest,
  type HttpResponse,
  type RequestBody,
  type Scope,
} from '../http/fetch.ts';
import { ensureStatus } from '../http/read.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { hostOf, type RepositoryName } from '../image/reference.ts';
import type { DistributionServices } from './distribution.ts';
import { scopeOf, type RequestTo } from './distribution-request.ts';
import { errorCodeIn, referenceText } from './distribution-manifests.ts';
import { noRepository } from './ecr-repositories.ts';
import type { BlobUpload, BlobWriter, Call } from './roles.ts';

/** How registries say that they will not mount: each means «then upload». */
const MOUNT_REFUSED: readonly number[] = [400, 401, 403, 404, 405];

/** What refuses one mount refuses those of all other blobs of the image; rights that were granted meanwhile count after this. */
const REFUSED_FOR_MS = 600_000;

/** How registries say that an upload session is gone or out of step. */
const SESSION_LOST: readonly number[] = [400, 404, 416];

/** Blob uploads over HTTP: mount where possible, else one session and one `PUT` (distribution-spec, «Pushing blobs»). */
export function blobWriting(services: UploadServices, request: RequestTo): BlobWriter {
  const { fetch, traitsOf, creator, clock } = services;
  const refusals = new Map<string, number>();
  const mounts = (repository: RepositoryName): boolean => traitsOf?.(hostOf(repository)).mount !== false;
  return {
    mounts,
    startBlob: async (repository, blob, from, call) => {
      const object = referenceText(repository, blob.digest);
      const post: Post = (query, scopes) => {
        const headers = { 'content-length': '0' };
        const path = `blobs/uploads/${query}`;
        return fetch(request(repository, path, { method: 'POST', operation: 'session', scopes, headers }, call));
      };
      const plain = (): Promise<HttpResponse> => post('', [scopeOf(repository, 'POST')]);
      const pair = `${repository} ${from}`;
      const isHopeless = !mounts(repository) || clock.now() < (refusals.get(pair) ?? 0);
      const mounted = from === undefined || isHopeless ? undefined : await mount(post, repository, blob, from);
      if (mounted === 'refused') refusals.set(pair, clock.now() + REFUSED_FOR_MS);
      let response = mounted === undefined || mounted === 'refused' ? await plain() : mounted;
      if (response.status === 404) {
        await response.body.discard();
        const mayCreate = traitsOf?.(hostOf(repository)).createRepositories === true;
        const created = mayCreate && (await creator?.createRepository(repository, call)) === true;
        if (!created) throw noRepository(repository);
        response = await plain();
      }
      await ensureStatus(response, [201, 202], 'start the upload of the blob', object);
      await response.body.discard();
      if (response.status === 201) return 'mounted';
      return upload(fetch, request, repository, blob, response.url, locationOf(response, object));
    },
  };
}

type UploadServices = Pick<DistributionServices, 'fetch' | 'traitsOf' | 'creator' | 'clock'>;
type Post = (query: string, scopes: readonly Scope[]) => Promise<HttpResponse>;

/** The answer to a mount, which may be an open upload; `refused` where the registry will hear nothing of it, undefined where it need not be asked. */
async function mount(
  post: Post,
  repository: RepositoryName,
  blob: Descriptor,
  from: RepositoryName,
): Promise<HttpResponse | 'refused' | undefined> {
  if (hostOf(from) !== hostOf(repository)) return undefined;
  const source = scopeOf(from, 'GET');
  const query = `?mount=${encodeURIComponent(blob.digest)}&from=${encodeURIComponent(source.repository)}`;
  const response = await post(query, [scopeOf(repository, 'POST'), source]);
  if (!MOUNT_REFUSED.includes(response.status)) return response;
  await response.body.discard();
  return 'refused';
}

function upload(
  fetch: Fetch,
  request: RequestTo,
  repository: RepositoryName,
  blob: Descriptor,
  from: URL,
  location: URL,
): BlobUpload {
  const object = referenceText(repository, blob.digest);
  const at = (url: URL, call: Call, method: 'PUT' | 'DELETE', body?: RequestBody): HttpRequest => ({
    ...request(repository, '', { method, operation: method === 'PUT' ? 'upload' : 'session' }, call),
    url,
    // A registry may send uploads elsewhere, but neither into our network nor with our credentials to another's.
    from,
    ...(body !== undefined && { body, headers: { 'content-type': 'application/octet-stream' } }),
  });
  return {
    send: async (content, call) => {
      const url = new URL(location);
      // Appended by hand: a registry's own query (`_state=`) must come back exactly as it was given.
      url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(blob.digest)}`;
      const response = await fetch(at(url, call, 'PUT', bodyOf(content, blob)));
      if (SESSION_LOST.includes(response.status)) {
        const text = Buffer.from(await response.body.bytes(64 * 1024).catch(() => new Uint8Array())).toString('utf8');
        const code = errorCodeIn(text) ?? 'without a code';
        throw new PromotionError(
          code === 'DIGEST_INVALID' ? 'DIGEST_MISMATCH' : 'UPLOAD_LOST',
          `the registry no longer takes the upload of ${object} (${response.status} ${code})`,
          { side: 'destination' },
        );
      }
      await ensureStatus(response, [201, 202, 204], 'upload the blob', object);
      await response.body.discard();
    },
    abandon: async (call) => {
      await fetch(at(location, call, 'DELETE'))
        .then((response) => response.body.discard())
        .catch(() => undefined);
    },
  };
}

function locationOf(response: HttpResponse, object: string): URL {
  const location = header(response, 'location');
  if (location === undefined || !URL.canParse(location, response.url.href)) {
    throw new PromotionError('REGISTRY_PROTOCOL', `the registry opened an upload for ${object} without saying where`);
  }
  return new URL(location, response.url);
}

function bodyOf(content: Uint8Array | AsyncIterable<Uint8Array>, { size }: Descriptor): RequestBody {
  if (content instanceof Uint8Array) return { kind: 'bytes', bytes: content };
  return { kind: 'stream', length: size, chunks: content };
}

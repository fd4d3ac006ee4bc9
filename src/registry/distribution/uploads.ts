import { PromotionError } from '../../errors.ts';
import { header, type HttpRequest, type HttpResponse, type Scope } from '../../http/fetch.ts';
import { ensureStatus } from '../../http/response/read.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import type { DistributionServices } from './services.ts';
import { OPTIONAL_MS, REFUSED_FOR_MS, scopeOf, unanswered, referenceText, type RequestTo } from '../request.ts';
import { noRepository } from '../kinds/api/ecr-create.ts';
import type { BlobWriter, Call } from '../roles.ts';
import { uploadSession } from './upload-session.ts';

/** Statuses for an opened upload; some registries respond as if they had created a blob, or with 200. */
const OPENED: readonly number[] = [200, 201, 202, 204];

/**
 * With the 3 s for deleting the upload that it names, a late response stays within the 5 s that a stopped run may take.
 */
const GRACE_MS = 1_500;

/**
 * Uploads blobs over HTTP: mounts if possible, else uses one session and one `PUT` (distribution-spec, «Pushing
 * blobs»).
 */
export function blobWriting(services: UploadServices, request: RequestTo): BlobWriter {
  const { fetch, traitsOf, creator, clock } = services;
  const refusals = new Map<string, number>();
  const mounts = (repository: RepositoryName): boolean => traitsOf?.(hostOf(repository)).mount !== false;
  return {
    mounts,
    startBlob: async (repository, blob, from, call) => {
      const object = referenceText(repository, blob.digest);
      const post: Post = (query, scopes, more = {}) => {
        const headers = { 'content-length': '0' };
        const asked = { method: 'POST', operation: 'session', scopes, headers, abortGrace: GRACE_MS, ...more } as const;
        return fetch(request(repository, `blobs/uploads/${query}`, asked, call));
      };
      const plain = (): Promise<HttpResponse> => post('', [scopeOf(repository, 'POST')]);
      const pair = `${repository} ${from}`;
      const isHopeless = !mounts(repository) || clock.now() < (refusals.get(pair) ?? 0);
      const mounted = from === undefined || isHopeless ? undefined : await mount(post, repository, blob, from, call);
      if (mounted === 'refused') refusals.set(pair, clock.now() + REFUSED_FOR_MS);
      const isMounting = mounted !== undefined && mounted !== 'refused';
      let response = isMounting ? mounted : await plain();
      if (response.status === 404) {
        await response.body.discard();
        const mayCreate = traitsOf?.(hostOf(repository)).createRepositories === true;
        const created = mayCreate && (await creator?.createRepository(repository, call)) === true;
        if (!created) throw noRepository(repository);
        response = await plain();
      }
      await ensureStatus(response, OPENED, 'start the upload of the blob', object);
      await response.body.discard();
      if (isStored(response, blob, isMounting ? 'mount' : 'upload')) return 'mounted';
      const location = locationOf(response, object);
      return uploadSession({ fetch, request, repository, blob, from: response.url, location });
    },
  };
}

type UploadServices = Pick<DistributionServices, 'fetch' | 'traitsOf' | 'creator' | 'clock'>;
type Post = (query: string, scopes: readonly Scope[], more?: Pick<HttpRequest, 'retryWithin'>) => Promise<HttpResponse>;

/**
 * Returns the response to a mount request, which may be an open upload. Returns `refused` if the registry or its token
 * server responds otherwise or not at all: a plain upload then shows the cause. Returns undefined if no request is
 * needed.
 */
async function mount(
  post: Post,
  repository: RepositoryName,
  blob: Descriptor,
  from: RepositoryName,
  call: Call,
): Promise<HttpResponse | 'refused' | undefined> {
  if (hostOf(from) !== hostOf(repository)) return undefined;
  const source = scopeOf(from, 'GET');
  const query = `?mount=${encodeURIComponent(blob.digest)}&from=${encodeURIComponent(source.repository)}`;
  const scopes = [scopeOf(repository, 'POST'), source];
  const response = await post(query, scopes, { retryWithin: OPTIONAL_MS }).catch(unanswered(call));
  if (response !== undefined && isUsable(response, blob)) return response;
  await response?.body.discard();
  return 'refused';
}

function isUsable(response: HttpResponse, blob: Descriptor): boolean {
  if (!OPENED.includes(response.status)) return false;
  return isStored(response, blob, 'mount') || header(response, 'location') !== undefined;
}

/**
 * Returns true if the response to a POST says that the blob exists: it names the blob's digest, or it is a 201 to a
 * mount that names no upload.
 */
function isStored(response: HttpResponse, { digest }: Descriptor, asked: 'mount' | 'upload'): boolean {
  if (response.status !== 200 && response.status !== 201) return false;
  const location = header(response, 'location') ?? '';
  const told = header(response, 'docker-content-digest');
  if (told !== undefined || location.endsWith(digest)) return (told ?? digest) === digest;
  return asked === 'mount' && response.status === 201 && !/\/uploads?\//.test(location);
}

function locationOf(response: HttpResponse, object: string): URL {
  const location = header(response, 'location');
  if (location === undefined || !URL.canParse(location, response.url.href)) {
    throw new PromotionError(
      'REGISTRY_PROTOCOL',
      `the registry opened an upload for ${object} without naming its location`,
      {
        hint: "retry; if it persists, contact the registry's operator",
      },
    );
  }
  return new URL(location, response.url);
}

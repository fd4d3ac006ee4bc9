import { PromotionError } from '../errors.ts';
import { header, type HttpResponse, type Scope } from '../http/fetch.ts';
import { ensureStatus } from '../http/read.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { hostOf, type RepositoryName } from '../image/reference.ts';
import type { DistributionServices } from './distribution.ts';
import { scopeOf, type RequestTo } from './distribution-request.ts';
import { referenceText } from './distribution-manifests.ts';
import { noRepository } from './ecr-repositories.ts';
import type { BlobWriter } from './roles.ts';
import { uploadSession } from './upload-session.ts';

/** How registries say that they will not mount: each means «then upload». */
const MOUNT_REFUSED: readonly number[] = [400, 401, 403, 404, 405];

/** What refuses one mount refuses those of all other blobs of the image; rights that were granted meanwhile count after this. */
const REFUSED_FOR_MS = 600_000;

/** With the 3 s for giving up the upload that it names, a late answer stays within the 5 s that a stopped run may take. */
const LINGER_MS = 1_500;

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
        const asked = { method: 'POST', operation: 'session', scopes, headers, lingers: LINGER_MS } as const;
        return fetch(request(repository, `blobs/uploads/${query}`, asked, call));
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
      return uploadSession({
        fetch,
        request,
        repository,
        blob,
        from: response.url,
        location: locationOf(response, object),
      });
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

function locationOf(response: HttpResponse, object: string): URL {
  const location = header(response, 'location');
  if (location === undefined || !URL.canParse(location, response.url.href)) {
    throw new PromotionError('REGISTRY_PROTOCOL', `the registry opened an upload for ${object} without saying where`, {
      hint: 'run again; if it stays, tell whoever runs the registry',
    });
  }
  return new URL(location, response.url);
}

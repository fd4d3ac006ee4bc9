import { header, type HttpResponse } from '../../http/fetch.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { algorithmOf, isDigest } from '../../image/digest.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import type { DistributionServices } from './services.ts';
import { OPTIONAL_MS, REFUSED_FOR_MS, unanswered, type RequestTo } from '../request.ts';
import { isMissing, type RegistryKind } from '../kinds/kind.ts';
import type { BlobReader } from '../roles.ts';

type LookUpServices = Pick<DistributionServices, 'fetch' | 'clock'> & {
  readonly kindOf: (host: string) => RegistryKind;
};

/**
 * Returns a function that checks blobs with HEAD. A repository that refuses such a request is not asked again for 10
 * min.
 */
export function blobLookUp({ fetch, clock, kindOf }: LookUpServices, request: RequestTo): BlobReader['lookUpBlob'] {
  const refusals = new Map<RepositoryName, number>();
  return async (repository, blob, call) => {
    if (clock.now() < (refusals.get(repository) ?? 0)) return 'absent';
    const asked = { method: 'HEAD', operation: 'session', retryWithin: OPTIONAL_MS } as const;
    const head = request(repository, `blobs/${blob.digest}`, asked, call);
    const response = await fetch(head).catch(unanswered(call));
    await response?.body.discard();
    if (response?.status === 200) return contradicts(response, blob) ? 'damaged' : 'present';
    const isTold = response !== undefined && isMissing(response.status, kindOf(hostOf(repository)));
    if (!isTold) refusals.set(repository, clock.now() + REFUSED_FOR_MS);
    return 'absent';
  };
}

/** Returns true if a response states another length or digest than the descriptor. */
function contradicts(response: HttpResponse, { digest, size }: Descriptor): boolean {
  const isEncoded = header(response, 'content-encoding') !== undefined;
  const length = isEncoded ? undefined : header(response, 'content-length');
  if (length !== undefined && /^\d+$/.test(length) && Number(length) !== size) return true;
  const told = header(response, 'docker-content-digest');
  return told !== undefined && isDigest(told) && algorithmOf(told) === algorithmOf(digest) && told !== digest;
}

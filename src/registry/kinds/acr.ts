import { z } from 'zod';
import { ensureStatus } from '../../http/read.ts';
import { isDigest, type Digest } from '../../image/digest.ts';
import { splitRepository } from '../../image/reference.ts';
import { pageJson, readPages, refuseListing } from '../pages.ts';
import type { ListerServices, OwnLister } from './kind.ts';

// https://learn.microsoft.com/rest/api/containerregistry/tag/get-list
const AcrTags = z.object({
  tags: z.array(z.object({ name: z.string(), digest: z.string().refine(isDigest) })).nullish(),
});

/** The API gives at most this many tags on a page (its documentation names no limit; 1000 is what Azure's own clients ask for). */
const PAGE = 1000;

/** Who may pull may not always read metadata; a registry on another product has no such API. */
const NOT_OFFERED: readonly number[] = [400, 401, 403, 405, 501];

/** Tags with their digests from ACR's own API; what has no tag it does not list. */
export function acrLister({ fetch, request }: ListerServices): OwnLister {
  return async (repository, call) => {
    const { path } = splitRepository(repository);
    const { url, ...rest } = request(repository, '', { method: 'GET', operation: 'list' }, call);
    const scopes = [{ repository: path, actions: ['metadata_read' as const] }];
    const first = { ...rest, scopes, url: new URL(`/acr/v1/${path}/_tags?n=${PAGE}`, url) };
    const digests = new Map<string, Digest>();
    const refuse = refuseListing(repository);
    let isOffered = true;
    await readPages(fetch, first, repository, async ({ response, bytes }) => {
      if (response.status === 404) return false;
      isOffered = !NOT_OFFERED.includes(response.status);
      if (!isOffered) return false;
      await ensureStatus(response, [200], 'list the tags of', repository);
      const { data } = AcrTags.safeParse(pageJson(bytes, refuse));
      if (data === undefined) return refuse('is not what ACR documents');
      for (const { name, digest } of data.tags ?? []) digests.set(name, digest);
      return true;
    });
    return isOffered ? { kind: 'tags', tags: new Set(digests.keys()), digests } : undefined;
  };
}

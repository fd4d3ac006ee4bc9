import { z } from 'zod';
import { ensureStatus } from '../../http/response/read.ts';
import { isDigest, type Digest } from '../../image/digest.ts';
import { splitRepository } from '../../image/reference.ts';
import { refuseListing } from '../listing/pages.ts';
import { FULL_PAGE, type ListerServices, type OwnLister, type RegistryKind } from './kind.ts';

/** Azure Container Registry. */
export const ACR: RegistryKind = {
  name: 'acr',
  hosts: /^[a-z0-9][a-z0-9-]*\.azurecr\.(?:io|cn|us)$/,
  pageSize: FULL_PAGE,
  lister: acrLister,
};

// https://learn.microsoft.com/rest/api/containerregistry/tag/get-list
const AcrTag = z.object({ name: z.string(), digest: z.string().refine(isDigest) });

/**
 * The API returns at most this many tags on a page (its documentation names no limit; 1000 is what Azure's own clients
 * request).
 */
const PAGE = 1000;

/** Statuses of an account that may pull but not read metadata, and of a product without this API. */
const NOT_OFFERED: readonly number[] = [400, 401, 403, 405, 501];

/** Returns a lister of tags with digests that uses ACR's own API. It does not list untagged manifests. */
function acrLister({ readPages, request }: ListerServices): OwnLister {
  return async (repository, call) => {
    const { path } = splitRepository(repository);
    const { url, ...rest } = request(repository, '', { method: 'GET', operation: 'list' }, call);
    const scopes = [{ repository: path, actions: ['metadata_read' as const] }];
    const first = { ...rest, scopes, url: new URL(`/acr/v1/${path}/_tags?n=${PAGE}`, url) };
    const digests = new Map<string, Digest>();
    const refuse = refuseListing(repository);
    let isOffered = true;
    await readPages({
      first,
      of: repository,
      shape: { tags: 'list' },
      refuse,
      open: () => new Map<string, Digest>(),
      entry: (page, value) => {
        const { data } = AcrTag.safeParse(value);
        const { name, digest } = data ?? refuse('is not in the format that ACR documents');
        page.set(name, digest);
      },
      field: (_, key, value) => {
        if (key === 'tags' && value !== null) refuse('is not in the format that ACR documents');
      },
      take: async ({ response, page }) => {
        if (response.status === 404) return false;
        isOffered = !NOT_OFFERED.includes(response.status);
        if (!isOffered) return false;
        await ensureStatus(response, [200], 'list the tags of', repository);
        for (const [name, digest] of page ?? []) digests.set(name, digest);
        return true;
      },
    });
    return isOffered ? { kind: 'tags', tags: new Set(digests.keys()), digests } : undefined;
  };
}

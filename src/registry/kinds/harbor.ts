import { z } from 'zod';
import { basicAuthorization } from '../../http/credentials/credential.ts';
import { ensureStatus } from '../../http/read.ts';
import { isDigest, type Digest } from '../../image/digest.ts';
import { hostOf, splitRepository, type RepositoryName } from '../../image/reference.ts';
import { pageJson, readPages, refuseListing } from '../pages.ts';
import type { ListerServices, OwnLister } from './kind.ts';

// https://github.com/goharbor/harbor/blob/main/api/v2.0/swagger.yaml, listArtifacts
const HarborArtifacts = z.array(
  z.object({ digest: z.string().refine(isDigest), tags: z.array(z.object({ name: z.string() })).nullish() }),
);

/** The largest page that the API allows. */
const PAGE = 100;

/** A robot may be allowed to pull and push, but not to list artifacts. */
const NOT_OFFERED: readonly number[] = [400, 401, 403, 405, 501];

/** Tags with their digests from Harbor's own API; the children of an index it does not list. */
export function harborLister({ fetch, request, credentials }: ListerServices): OwnLister {
  return async (repository, call) => {
    const path = artifactsPath(repository);
    if (path === undefined) return undefined;
    // The API takes no tokens of the registry, only users and robots by their passwords.
    const login = await credentials?.(hostOf(repository), call.signal);
    const headers =
      login?.kind === 'basic' ? { headers: { authorization: basicAuthorization(login.username, login.password) } } : {};
    const { url, ...rest } = request(
      repository,
      '',
      { method: 'GET', operation: 'list', scopes: [], ...headers },
      call,
    );
    const first = { ...rest, url: new URL(`${path}?page=1&page_size=${PAGE}&with_tag=true`, url) };
    const digests = new Map<string, Digest>();
    const refuse = refuseListing(repository);
    let isOffered = true;
    await readPages(fetch, first, repository, async ({ response, bytes }) => {
      if (response.status === 404) return false;
      isOffered = !NOT_OFFERED.includes(response.status);
      if (!isOffered) return false;
      await ensureStatus(response, [200], 'list the artifacts', repository);
      const { data } = HarborArtifacts.safeParse(pageJson(bytes, refuse));
      if (data === undefined) return refuse('is not what Harbor documents');
      for (const { digest, tags } of data) for (const { name } of tags ?? []) digests.set(name, digest);
      return true;
    });
    return isOffered ? { kind: 'tags', tags: new Set(digests.keys()), digests } : undefined;
  };
}

/** Harbor wants a slash within the repository's name encoded twice. */
function artifactsPath(repository: RepositoryName): string | undefined {
  const { path } = splitRepository(repository);
  const slash = path.indexOf('/');
  if (slash < 0) return undefined;
  const name = encodeURIComponent(encodeURIComponent(path.slice(slash + 1)));
  return `/api/v2.0/projects/${encodeURIComponent(path.slice(0, slash))}/repositories/${name}/artifacts`;
}

import { PromotionError } from '../errors.ts';
import { answerError } from '../http/answer-error.ts';
import type { HttpRequest, HttpResponse } from '../http/fetch.ts';
import { hostOf, joinRepository, pathBelow, repositoryProblem, type RepositoryName } from '../image/reference.ts';
import type { DistributionServices } from './distribution.ts';
import type { RequestTo } from './distribution-request.ts';
import type { RegistryKind } from './kinds/kind.ts';
import { pageJson, readPages } from './pages.ts';
import type { RepositoryLister } from './roles.ts';

/** How registries say that they have no catalog, or show it to nobody. */
const NOT_OFFERED: readonly number[] = [404, 405, 501];

type CatalogServices = Pick<DistributionServices, 'fetch' | 'baseUrl' | 'credentials' | 'aws'> & {
  readonly kindOf: (host: string) => RegistryKind;
};

/**
 * Repositories by an API of the registry's own where its kind has one, else by `_catalog`, page by page
 * (https://distribution.github.io/distribution/spec/api/#catalog).
 */
export function catalogListing(services: CatalogServices, request: RequestTo): RepositoryLister {
  const { fetch, baseUrl, kindOf } = services;
  return {
    listRepositories: async (root, call) => {
      const host = hostOf(root);
      const { pageSize, catalog } = kindOf(host);
      const own = await catalog?.({ ...services, request })(root, call);
      if (own !== undefined) return own;
      const url = new URL(`/v2/_catalog${pageSize === undefined ? '' : `?n=${pageSize}`}`, baseUrl(host));
      // Which scope the catalog needs differs; the registry names it when it asks for a token.
      const first: HttpRequest = { method: 'GET', url, operation: 'list', ...call };
      const found = new Set<RepositoryName>();
      await readPages(fetch, first, host, async ({ response, bytes }) => {
        if (response.status !== 200) throw await refusal(response, root);
        for (const path of parsePage(bytes, host)) {
          const name = joinRepository(host, path);
          if (pathBelow(root, name) === undefined) continue;
          // What is elsewhere may have any name; what is asked for becomes part of addresses.
          const problem = repositoryProblem(name);
          if (problem !== undefined) refuse(host, `names a repository that ${problem}`);
          found.add(name);
        }
        return true;
      });
      return [...found];
    },
  };
}

function parsePage(bytes: Uint8Array, host: string): readonly string[] {
  const body = pageJson(bytes, (what, cause) => refuse(host, what, cause));
  const listed = typeof body === 'object' && body !== null && 'repositories' in body ? body.repositories : undefined;
  // distribution says null where it holds nothing
  if (listed === null) return [];
  const isNames = Array.isArray(listed) && listed.every((name) => typeof name === 'string');
  return isNames ? listed : refuse(host, 'has no "repositories" that are strings');
}

function refuse(host: string, what: string, cause?: unknown): never {
  throw new PromotionError('REGISTRY_PROTOCOL', `the catalog of ${host} ${what}`, {
    cause,
    hint: `check that ${host} is a registry and not something else that answers`,
  });
}

async function refusal(response: HttpResponse, root: RepositoryName): Promise<PromotionError> {
  const host = hostOf(root);
  const error = await answerError(response, `listing the repositories of ${host}`, host);
  const instead =
    'or name one repository (--snapshot HOST/PATH), or take what manifests say (--manifest-based-snapshot-of)';
  if (NOT_OFFERED.includes(response.status))
    return new PromotionError(
      'NOT_FOUND',
      `${host} keeps no catalog of its repositories (GET /v2/_catalog answered ${response.status})`,
      { hint: `use a registry that has one, ${instead}` },
    );
  if (error.code !== 'UNAUTHORIZED' && error.code !== 'DENIED') return error;
  return new PromotionError(error.code, error.message, {
    hint: `use an account that may list the catalog of ${host}, ${instead}`,
  });
}

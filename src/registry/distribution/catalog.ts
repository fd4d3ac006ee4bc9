import { PromotionError } from '../../errors.ts';
import { answerError } from '../../http/response/error.ts';
import type { HttpRequest, HttpResponse } from '../../http/fetch.ts';
import { hostOf, joinRepository, pathBelow, repositoryProblem, type RepositoryName } from '../../image/reference.ts';
import type { DistributionServices } from './services.ts';
import type { RequestTo } from '../request.ts';
import type { RegistryKind } from '../kinds/kind.ts';
import type { ListReader } from '../listing/pages.ts';
import type { RepositoryLister } from '../roles.ts';

/** Statuses of a registry that has no catalog, or serves it to no client. */
const NOT_OFFERED: readonly number[] = [404, 405, 501];

type CatalogServices = Pick<DistributionServices, 'fetch' | 'baseUrl' | 'credentials' | 'aws'> & {
  readonly readPages: ListReader;
  readonly kindOf: (host: string) => RegistryKind;
};

/**
 * Returns a lister of repositories. It uses the API of the registry's kind if there is one, else `_catalog`, page by
 * page (https://distribution.github.io/distribution/spec/api/#catalog).
 */
export function catalogListing(services: CatalogServices, request: RequestTo): RepositoryLister {
  const { readPages, baseUrl, kindOf } = services;
  return {
    listRepositories: async (root, call) => {
      const host = hostOf(root);
      const { pageSize, catalog } = kindOf(host);
      const own = await catalog?.({ ...services, request })(root, call);
      if (own !== undefined) return own;
      const url = new URL(`/v2/_catalog${pageSize === undefined ? '' : `?n=${pageSize}`}`, baseUrl(host));
      // The scope for the catalog differs between registries, which name it in their challenge.
      const first: HttpRequest = { method: 'GET', url, operation: 'list', ...call };
      const found = new Set<RepositoryName>();
      await readPages({
        first,
        of: host,
        shape: { repositories: 'list' },
        refuse: (what, cause) => refuse(host, what, cause),
        open: (): CatalogPage => ({ names: [], isCatalog: false }),
        begin: (page) => void (page.isCatalog = true),
        entry: (page, path) => {
          const name = joinRepository(host, typeof path === 'string' ? path : refuse(host, NO_NAMES));
          if (pathBelow(root, name) === undefined) return;
          // Names at other registries may be anything; a name that we request becomes part of addresses.
          const problem = repositoryProblem(name);
          if (problem !== undefined) refuse(host, `names a repository that ${problem}`);
          page.names.push(name);
        },
        // distribution returns null if it has no repositories
        field: (page, key, value) => {
          if (key === 'repositories' && value === null) page.isCatalog = true;
        },
        take: async ({ response, page }) => {
          if (page === undefined) throw await refusal(response, root);
          if (!page.isCatalog) refuse(host, NO_NAMES);
          for (const name of page.names) found.add(name);
          return true;
        },
      });
      return [...found];
    },
  };
}

type CatalogPage = { readonly names: RepositoryName[]; isCatalog: boolean };

const NO_NAMES = 'has no list of strings under "repositories"';

function refuse(host: string, what: string, cause?: unknown): never {
  throw new PromotionError('REGISTRY_PROTOCOL', `the catalog of ${host} ${what}`, {
    cause,
    hint: `check that ${host} is a registry and not another service`,
  });
}

async function refusal(response: HttpResponse, root: RepositoryName): Promise<PromotionError> {
  const host = hostOf(root);
  const error = await answerError(response, `listing the repositories of ${host}`, host);
  const instead =
    'or name one repository (--snapshot HOST/PATH), or read the manifests instead (--manifest-based-snapshot-of)';
  if (NOT_OFFERED.includes(response.status))
    return new PromotionError(
      'NOT_FOUND',
      `${host} has no catalog of its repositories (GET /v2/_catalog returned ${response.status})`,
      { hint: `use a registry that has one, ${instead}` },
    );
  if (error.code !== 'UNAUTHORIZED' && error.code !== 'DENIED') return error;
  return new PromotionError(error.code, error.message, {
    hint: `use an account with permission to list the catalog of ${host}, ${instead}`,
  });
}

import { z } from 'zod';
import { isDigest, type Digest } from '../../image/digest.ts';
import {
  isRepositoryPath,
  joinRepository,
  pathBelow,
  splitRepository,
  type RepositoryName,
} from '../../image/reference.ts';
import { readHarborList } from './api/harbor.ts';
import type { ListerServices, OwnCatalog, OwnLister, RegistryKind } from './kind.ts';

/** Harbor, which people run under names of their own. */
export const HARBOR: RegistryKind = { name: 'harbor', lister: harborLister, catalog: harborCatalog };

// listArtifacts
const HarborArtifact = z.object({
  digest: z.string().refine(isDigest),
  tags: z.array(z.object({ name: z.string() })).nullish(),
});

// listRepositories; names begin with that of the project
const HarborRepository = z.object({ name: z.string().refine(isRepositoryPath) });

/** Returns a lister of tags with digests that uses Harbor's own API. It does not list the children of an index. */
function harborLister(services: ListerServices): OwnLister {
  return async (repository, call) => {
    const path = artifactsPath(repository);
    if (path === undefined) return undefined;
    const digests = new Map<string, Digest>();
    const list = { of: repository, path, query: '&with_tag=true', operation: 'list the artifacts' };
    const isOffered = await readHarborList(services, { ...list, schema: HarborArtifact }, call, ({ digest, tags }) => {
      for (const { name } of tags ?? []) digests.set(name, digest);
    });
    return isOffered ? { kind: 'tags', tags: new Set(digests.keys()), digests } : undefined;
  };
}

/** Returns a lister of the repositories of one project; the catalog is for administrators only. */
function harborCatalog(services: ListerServices): OwnCatalog {
  return async (root, call) => {
    const { host, path } = splitRepository(root);
    const [project = ''] = path.split('/');
    if (project === '') return undefined;
    const found: RepositoryName[] = [];
    const list = {
      of: joinRepository(host, project),
      path: `projects/${encodeURIComponent(project)}/repositories`,
      operation: 'list the repositories',
      schema: HarborRepository,
    };
    const isOffered = await readHarborList(services, list, call, ({ name }) => {
      const repository = joinRepository(host, name);
      if (pathBelow(root, repository) !== undefined) found.push(repository);
    });
    return isOffered ? found : undefined;
  };
}

/** Harbor requires a slash within the repository's name to be encoded twice. */
function artifactsPath(repository: RepositoryName): string | undefined {
  const { path } = splitRepository(repository);
  const slash = path.indexOf('/');
  if (slash < 0) return undefined;
  const name = encodeURIComponent(encodeURIComponent(path.slice(slash + 1)));
  return `projects/${encodeURIComponent(path.slice(0, slash))}/repositories/${name}/artifacts`;
}

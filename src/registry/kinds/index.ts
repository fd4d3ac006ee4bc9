import { acrLister } from './acr.ts';
import { ecrLister } from './ecr.ts';
import { harborCatalog, harborLister } from './harbor.ts';
import type { RegistryKind } from './kind.ts';

export type { ListerServices, OwnLister, RegistryKind } from './kind.ts';

/** The maximum page size of these registries; the default is 50 to 100. */
const FULL_PAGE = 1000;

/** A registry that follows the distribution specification strictly. */
export const GENERIC: RegistryKind = { name: 'generic' };

/** All known kinds; docs/registries.md describes the behaviour of each, with sources. */
export const KINDS: readonly RegistryKind[] = [
  GENERIC,
  // Given a page size, Artifact Registry truncates its response at about a thousand tags.
  {
    name: 'artifact-registry',
    hosts: /^[a-z0-9-]+-docker\.pkg\.dev$/,
    listing: 'google',
    listsAtMost: 10_000,
  },
  { name: 'gcr', hosts: /^(?:[a-z0-9-]+\.)?gcr\.io$/, listing: 'google' },
  { name: 'docker-hub', hosts: /^(?:(?:index\.|registry-1\.)?docker\.io)$/, pageSize: FULL_PAGE },
  { name: 'ghcr', hosts: /^ghcr\.io$/, pageSize: FULL_PAGE },
  {
    name: 'ecr',
    hosts: /^\d{12}\.dkr(?:\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?|-ecr(?:-fips)?\.[a-z0-9-]+\.on\.aws)$/,
    pageSize: FULL_PAGE,
    lister: ecrLister,
  },
  { name: 'acr', hosts: /^[a-z0-9][a-z0-9-]*\.azurecr\.(?:io|cn|us)$/, pageSize: FULL_PAGE, lister: acrLister },
  { name: 'gitlab', hosts: /^registry\.gitlab\.com$/, pageSize: FULL_PAGE },
  // https://github.com/quay/quay/blob/master/endpoints/v2/v2auth.py
  { name: 'quay', hosts: /^quay\.io$/, refusesNew: true },
  { name: 'harbor', lister: harborLister, catalog: harborCatalog },
  { name: 'artifactory', hosts: /^[a-z0-9-]+\.jfrog\.io$/, heads: 'doubted', forbiddenIsMissing: true },
  { name: 'nexus', heads: 'doubted' },
  { name: 'zot' },
];

/** Returns the kind of a registry by its `host[:port]`; generic if the name is unknown. */
export function kindOfHost(host: string): RegistryKind {
  const name = host.toLowerCase().replace(/:443$/, '');
  return KINDS.find(({ hosts }) => hosts?.test(name) === true) ?? GENERIC;
}

/** Returns the kind with this name in the configuration; undefined if there is none. */
export function kindNamed(name: string): RegistryKind | undefined {
  return KINDS.find((kind) => kind.name === name);
}

import { acrLister } from './acr.ts';
import { ecrLister } from './ecr.ts';
import { harborCatalog, harborLister } from './harbor.ts';
import type { RegistryKind } from './kind.ts';

export type { ListerServices, OwnLister, RegistryKind } from './kind.ts';

/** The most that these registries give on a page; they give 50 to 100 unless asked. */
const FULL_PAGE = 1000;

/** A strict registry of the distribution-spec. */
export const GENERIC: RegistryKind = { name: 'generic' };

/** Every kind that the client knows; what the registries of each do is told, with sources, in docs/registries.md. */
export const KINDS: readonly RegistryKind[] = [
  GENERIC,
  // Asked for a number of tags, Artifact Registry cuts its answer at about a thousand of them.
  // https://cloud.google.com/artifact-registry/quotas: lists are incomplete over 10,000 images or tags
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

/** The kind of a registry by its `host[:port]`; generic where the name tells nothing. */
export function kindOfHost(host: string): RegistryKind {
  const name = host.toLowerCase().replace(/:443$/, '');
  return KINDS.find(({ hosts }) => hosts?.test(name) === true) ?? GENERIC;
}

/** The kind of this name, as a configuration gives it; undefined where there is none. */
export function kindNamed(name: string): RegistryKind | undefined {
  return KINDS.find((kind) => kind.name === name);
}

import { ACR } from './acr.ts';
import { ARTIFACT_REGISTRY } from './artifact-registry.ts';
import { ARTIFACTORY } from './artifactory.ts';
import { DOCKER_HUB } from './docker-hub.ts';
import { ECR } from './ecr.ts';
import { GCR } from './gcr.ts';
import { GENERIC } from './generic.ts';
import { GHCR } from './ghcr.ts';
import { GITLAB } from './gitlab.ts';
import { HARBOR } from './harbor.ts';
import type { RegistryKind } from './kind.ts';
import { NEXUS } from './nexus.ts';
import { QUAY } from './quay.ts';
import { ZOT } from './zot.ts';

export type { ListerServices, OwnLister, RegistryKind } from './kind.ts';

/** All kinds, in the order of errors and of the configuration's schema; docs/registries.md describes them. */
export const KINDS: readonly RegistryKind[] = [
  GENERIC,
  ARTIFACT_REGISTRY,
  GCR,
  DOCKER_HUB,
  GHCR,
  ECR,
  ACR,
  GITLAB,
  QUAY,
  HARBOR,
  ARTIFACTORY,
  NEXUS,
  ZOT,
];

/** Returns the kind of a registry by its `host[:port]`; generic for an unknown host. */
export function kindOfHost(host: string): RegistryKind {
  const name = host.toLowerCase().replace(/:443$/, '');
  return KINDS.find(({ hosts }) => hosts?.test(name) === true) ?? GENERIC;
}

/** Returns the kind with this name in the configuration; undefined for an unknown name. */
export function kindNamed(name: string): RegistryKind | undefined {
  return KINDS.find((kind) => kind.name === name);
}

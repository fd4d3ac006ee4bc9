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

/**
 * Every kind that the client knows, in the order in which errors and the schema of the configuration name them; what the
 * registries of each do is told, with sources, in docs/registries.md.
 */
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

/** The kind of a registry by its `host[:port]`; generic where the name tells nothing. */
export function kindOfHost(host: string): RegistryKind {
  const name = host.toLowerCase().replace(/:443$/, '');
  return KINDS.find(({ hosts }) => hosts?.test(name) === true) ?? GENERIC;
}

/** The kind of this name, as a configuration gives it; undefined where there is none. */
export function kindNamed(name: string): RegistryKind | undefined {
  return KINDS.find((kind) => kind.name === name);
}

import type { RegistryKind } from './kind.ts';

/** Artifact Registry; asked for a number of tags, it cuts its answer at about a thousand of them. */
export const ARTIFACT_REGISTRY: RegistryKind = {
  name: 'artifact-registry',
  hosts: /^[a-z0-9-]+-docker\.pkg\.dev$/,
  listing: 'google',
  // https://cloud.google.com/artifact-registry/quotas: lists are incomplete over 10,000 images or tags
  listsAtMost: 10_000,
};

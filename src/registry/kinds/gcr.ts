import type { RegistryKind } from './kind.ts';

/** Google Container Registry, and what takes its place. */
export const GCR: RegistryKind = { name: 'gcr', hosts: /^(?:[a-z0-9-]+\.)?gcr\.io$/, listing: 'google' };

import type { RegistryKind } from './kind.ts';

/** Sonatype Nexus. */
export const NEXUS: RegistryKind = { name: 'nexus', doubtsHeads: true };

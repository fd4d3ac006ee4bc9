import type { RegistryKind } from './kind.ts';

/** A strict registry of the distribution-spec. */
export const GENERIC: RegistryKind = { name: 'generic' };

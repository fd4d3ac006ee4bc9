import type { RegistryKind } from './kind.ts';

/** zot, which does as the distribution-spec says. */
export const ZOT: RegistryKind = { name: 'zot' };

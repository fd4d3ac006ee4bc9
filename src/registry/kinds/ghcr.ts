import { FULL_PAGE, type RegistryKind } from './kind.ts';

/** The GitHub Container registry. */
export const GHCR: RegistryKind = { name: 'ghcr', hosts: /^ghcr\.io$/, pageSize: FULL_PAGE };

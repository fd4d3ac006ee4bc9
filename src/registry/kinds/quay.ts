import type { RegistryKind } from './kind.ts';

/** Quay; https://github.com/quay/quay/blob/master/endpoints/v2/v2auth.py */
export const QUAY: RegistryKind = { name: 'quay', hosts: /^quay\.io$/, refusesNew: true };

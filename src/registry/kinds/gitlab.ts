import { FULL_PAGE, type RegistryKind } from './kind.ts';

/** The registry of gitlab.com. */
export const GITLAB: RegistryKind = { name: 'gitlab', hosts: /^registry\.gitlab\.com$/, pageSize: FULL_PAGE };

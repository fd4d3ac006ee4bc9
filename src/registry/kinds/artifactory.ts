import type { RegistryKind } from './kind.ts';

/** JFrog Artifactory, the hosted one by its name. */
export const ARTIFACTORY: RegistryKind = {
  name: 'artifactory',
  hosts: /^[a-z0-9-]+\.jfrog\.io$/,
  doubtsHeads: true,
  forbiddenIsMissing: true,
};

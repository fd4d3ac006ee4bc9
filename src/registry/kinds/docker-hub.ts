import { FULL_PAGE, type RegistryKind } from './kind.ts';

/** Docker Hub, by all names of its host. */
export const DOCKER_HUB: RegistryKind = {
  name: 'docker-hub',
  hosts: /^(?:(?:index\.|registry-1\.)?docker\.io)$/,
  pageSize: FULL_PAGE,
};

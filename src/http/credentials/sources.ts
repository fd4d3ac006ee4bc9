import { acr } from './acr.ts';
import { anonymous, type CredentialSource } from './credential.ts';
import { dockerConfig, type DockerConfigOptions } from './docker/config.ts';
import { ecr } from './aws/ecr.ts';
import type { EcrOptions } from './aws/ecr-client.ts';
import { ghcr } from './ghcr.ts';
import { gitlab } from './gitlab.ts';
import { google } from './google/google.ts';

/** The sources that a configuration can name. */
export type SourceName = 'docker' | 'google' | 'ecr' | 'acr' | 'ghcr' | 'gitlab' | 'none';

export type CredentialSources = Readonly<Record<SourceName, CredentialSource>>;

/** What all sources together need; `fetch` is the stack's `outbound`. */
export type SourceOptions = DockerConfigOptions & EcrOptions;

/** Every source by its name. Each has credentials for its own cloud's hosts only, `docker` for those that its files name. */
export function credentialSources(options: SourceOptions): CredentialSources {
  return {
    docker: dockerConfig(options),
    google: google(options),
    ecr: ecr(options),
    acr: acr(options),
    ghcr: ghcr(options),
    gitlab: gitlab(options),
    none: anonymous,
  };
}

/** What people logged in to with Docker comes first; then the cloud whose host it is. Of the clouds at most one knows a host. */
const ORDER = ['docker', 'google', 'ecr', 'acr', 'ghcr', 'gitlab'] as const;

/** The first credential that there is for a host, in the order that people expect. */
export function defaultCredentials(sources: CredentialSources): CredentialSource {
  return async (host, signal, query) => {
    for (const name of ORDER) {
      const credential = await sources[name](host, signal, query);
      if (credential !== undefined) return credential;
    }
    return undefined;
  };
}

import { acr } from './acr.ts';
import { anonymous, type CredentialSource } from './credential.ts';
import { dockerConfig, type DockerConfigOptions } from './docker/config.ts';
import { ecr } from './aws/ecr.ts';
import type { EcrOptions } from './aws/options.ts';
import { ghcr } from './ghcr.ts';
import { gitlab } from './gitlab.ts';
import { google } from './google/google.ts';
import { DEFAULT_ORDER, type SourceName } from './source-names.ts';

export type CredentialSources = Readonly<Record<SourceName, CredentialSource>>;

/** Options of all sources; `fetch` is the stack's `outbound`. */
type SourceOptions = DockerConfigOptions & EcrOptions;

/**
 * Creates every credential source, by name. Each has credentials for the hosts of its own cloud only, `docker` for
 * those in its files.
 */
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

/** Returns a source that tries all sources in order and returns the first credential for a host. */
export function defaultCredentials(sources: CredentialSources): CredentialSource {
  // By host: each request to an anonymous registry asks, and most sources are for other hosts.
  const covering = new Map<string, readonly CredentialSource[]>();
  const covers = (host: string): readonly CredentialSource[] => {
    const known = covering.get(host);
    if (known !== undefined) return known;
    const found = DEFAULT_ORDER.map((name) => sources[name]).filter((source) => source.covers?.(host) !== false);
    covering.set(host, found);
    return found;
  };
  return async (host, signal, query) => {
    for (const source of covers(host)) {
      const credential = await source(host, signal, query);
      if (credential !== undefined) return credential;
    }
    return undefined;
  };
}

import type { Credential, CredentialSource } from './credential.ts';

/**
 * Returns a source for ghcr.io that uses the job's GITHUB_TOKEN and GITHUB_ACTOR; it has no credential if these are not
 * set.
 */
export function ghcr({ env }: { readonly env: Readonly<Record<string, string | undefined>> }): CredentialSource {
  const { GITHUB_TOKEN: password, GITHUB_ACTOR: username } = env;
  const credential: Credential | undefined =
    username && password ? { kind: 'basic', username, password, from: 'GITHUB_TOKEN' } : undefined;
  return async (host, signal) => {
    signal.throwIfAborted();
    return host.toLowerCase() === 'ghcr.io' ? credential : undefined;
  };
}

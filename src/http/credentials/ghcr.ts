import { sourceFor, type Credential, type CredentialSource } from './credential.ts';

/**
 * Returns a source for ghcr.io that uses the job's GITHUB_TOKEN and GITHUB_ACTOR; it has no credential if these are not
 * set.
 */
export function ghcr({ env }: { readonly env: Readonly<Record<string, string | undefined>> }): CredentialSource {
  const { GITHUB_TOKEN: password, GITHUB_ACTOR: username } = env;
  const credential: Credential | undefined =
    username && password ? { kind: 'basic', username, password, from: 'GITHUB_TOKEN' } : undefined;
  return sourceFor(
    (host) => host.toLowerCase() === 'ghcr.io',
    async (_host, signal) => {
      signal.throwIfAborted();
      return credential;
    },
  );
}

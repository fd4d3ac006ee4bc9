import { sourceFor, type Credential, type CredentialSource } from './credential.ts';

/**
 * Returns a source for the registry of a GitLab job, CI_REGISTRY. It uses CI_REGISTRY_USER with CI_REGISTRY_PASSWORD,
 * else CI_JOB_TOKEN (https://docs.gitlab.com/ci/variables/predefined_variables/). Outside of a job it has no
 * credential.
 */
export function gitlab({ env }: { readonly env: Readonly<Record<string, string | undefined>> }): CredentialSource {
  const own = env['CI_REGISTRY']?.toLowerCase();
  const credential = credentialFrom(env);
  return sourceFor(
    (host) => own !== undefined && host.toLowerCase() === own,
    async (_host, signal) => {
      signal.throwIfAborted();
      return credential;
    },
  );
}

function credentialFrom(env: Readonly<Record<string, string | undefined>>): Credential | undefined {
  const { CI_REGISTRY_USER: username, CI_REGISTRY_PASSWORD: password, CI_JOB_TOKEN: token } = env;
  if (username && password) return { kind: 'basic', username, password, from: 'CI_REGISTRY_PASSWORD' };
  return token ? { kind: 'basic', username: 'gitlab-ci-token', password: token, from: 'CI_JOB_TOKEN' } : undefined;
}

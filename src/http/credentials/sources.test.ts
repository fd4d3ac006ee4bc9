import { describe, expect, it } from 'vitest';
import { cloud } from '../../../test/support/cloud.ts';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { homeWith } from '../../../test/support/home.ts';
import type { Credential, CredentialSource } from './credential.ts';
import { credentialSources, defaultCredentials, type CredentialSources } from './sources.ts';

const forever = new AbortController().signal;

/** Everything is set in this environment; the cloud gives the same to everybody. */
const ENV = {
  METADATA_SERVER_DETECTION: 'assume-present',
  GITHUB_TOKEN: 'ghs',
  GITHUB_ACTOR: 'octocat',
  CI_REGISTRY: 'registry.gitlab.example',
  CI_JOB_TOKEN: 'job-token',
  AZURE_TENANT_ID: 't',
  AZURE_CLIENT_ID: 'c',
  AZURE_CLIENT_SECRET: 's',
};

const login = (user: string): { readonly auth: string } => ({ auth: Buffer.from(`${user}:mine`).toString('base64') });

async function opened() {
  const clock = fakeClock();
  const home = await homeWith({
    '.docker/config.json': { auths: { 'eu.gcr.io': login('me'), 'ghcr.io.evil': login('me') } },
  });
  const world = await cloud(clock, () => ({
    json: { access_token: 'cloud', refresh_token: 'acr', expires_in: 3600 },
  }));
  const sources = credentialSources({ clock, env: ENV, home, fetch: world.fetch });
  const first = defaultCredentials(sources);
  return { world, sources, ask: (host: string): Promise<Credential | undefined> => first(host, forever) };
}

describe('src/http/credentials/sources.ts', () => {
  it('prefers a Docker login to any cloud', async () => {
    const { world, ask } = await opened();
    expect(await ask('eu.gcr.io')).toMatchObject({ kind: 'basic', username: 'me', password: 'mine' });
    expect(world.asked).toEqual([]);
  });

  it('calls the source of the cloud that the host belongs to', async () => {
    const { ask } = await opened();
    expect(await ask('us.gcr.io')).toMatchObject({ username: 'oauth2accesstoken', password: 'cloud' });
    expect(await ask('acme.azurecr.io')).toMatchObject({ kind: 'identity', username: '', token: 'acr' });
    expect(await ask('ghcr.io')).toMatchObject({ username: 'octocat' });
    expect(await ask('registry.gitlab.example')).toMatchObject({ username: 'gitlab-ci-token', password: 'job-token' });
  });

  it('asks only the sources that may have credentials for the host, and decides that once', async () => {
    const { sources } = await opened();
    const asked: string[] = [];
    let decided = 0;
    const spied = Object.fromEntries(
      Object.entries(sources).map(([name, source]): [string, CredentialSource] => {
        const covers = (host: string): boolean => ((decided += 1), source.covers?.(host) !== false);
        const spy: CredentialSource = async () => void asked.push(name);
        return [name, Object.assign(spy, { covers })];
      }),
    ) as CredentialSources;
    const first = defaultCredentials(spied);
    for (let request = 0; request < 3; request += 1) expect(await first('ghcr.io', forever)).toBeUndefined();
    expect(asked).toEqual(['docker', 'ghcr', 'docker', 'ghcr', 'docker', 'ghcr']);
    expect(decided).toBe(6);
  });

  it.each([
    'docker.io',
    'registry.example',
    'pkg.dev.evil.com',
    'evil-gcr.io',
    'acme.azurecr.io.evil.com',
    'evil.ghcr.io',
    '127.0.0.1:5000',
    '',
  ])('has no credential for %j, and sends no request', async (host) => {
    const { world, ask } = await opened();
    expect(await ask(host)).toBeUndefined();
    expect(world.asked).toEqual([]);
  });

  it('never gives a host the credential of another cloud, even if its source is configured', async () => {
    const { world, sources } = await opened();
    for (const name of ['google', 'ecr', 'acr', 'ghcr', 'gitlab', 'none'] as const)
      expect(await sources[name]('mirror.example', forever)).toBeUndefined();
    expect(await sources.none('ghcr.io', forever)).toBeUndefined();
    expect(world.asked).toEqual([]);
  });
});

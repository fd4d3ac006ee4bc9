import { describe, expect, it } from 'vitest';
import type { RegistryConfig, RegistrySettings } from '../../config/config.ts';
import type { Credential, CredentialSource } from '../../http/credentials/credential.ts';
import { SOURCE_NAMES, type SourceName } from '../../http/credentials/source-names.ts';
import type { CredentialSources } from '../../http/credentials/sources.ts';
import { compilePattern } from '../../image/pattern.ts';
import { hostSettings, type HostSettings } from './host-settings.ts';

const signal = new AbortController().signal;
const FROM_ENVIRONMENT = new URL('http://environment:3128');

function settings(entries: Readonly<Record<string, Omit<RegistrySettings, 'match'>>>): HostSettings {
  const registries = Object.entries(entries).map(([match, rest]) => ({ match: compilePattern(match), ...rest }));
  const config: RegistryConfig = { publicNames: [], attachments: [], registries };
  return hostSettings(config, () => FROM_ENVIRONMENT);
}

/** Sources that return their own name; some have no credentials. */
function sources(empty: readonly SourceName[] = []): CredentialSources {
  const named = (name: SourceName): CredentialSource => {
    const credential: Credential = { kind: 'basic', username: name, password: '' };
    return async () => (empty.includes(name) ? undefined : credential);
  };
  return Object.fromEntries(SOURCE_NAMES.map((name) => [name, named(name)])) as CredentialSources;
}

describe('src/cli/wiring/host-settings.ts', () => {
  it('has a credential source for each name in the configuration', () => {
    expect(Object.keys(sources()).toSorted()).toEqual([...SOURCE_NAMES].toSorted());
  });

  it('chooses HTTP or HTTPS by the first matching entry', () => {
    const { baseUrl } = settings({ 'a.example:5000': { insecure: true }, '**': { insecure: false } });
    expect(baseUrl('a.example:5000').href).toBe('http://a.example:5000/');
    expect(baseUrl('A.Example:5000').href).toBe('http://a.example:5000/');
    expect(baseUrl('localhost').href).toBe('https://localhost/');
    expect(settings({}).baseUrl('localhost:5000').href).toBe('http://localhost:5000/');
  });

  it('uses the proxy of the environment unless the configuration sets one', () => {
    const proxy = new URL('http://configured:3128');
    const { settingsOf } = settings({ 'a.example': { proxy }, 'b.example': { proxy: 'none' }, 'c.example': {} });
    const proxies = ['a', 'b', 'c', 'd'].map((name) => settingsOf(new URL(`https://${name}.example`)).proxy);
    expect(proxies).toEqual([proxy, undefined, FROM_ENVIRONMENT, FROM_ENVIRONMENT]);
  });

  it('applies the settings of Docker Hub to the host that serves it', () => {
    const hub = {
      timeouts: { idle: 1 },
      limits: { start: 2, concurrency: 7 },
      mount: false,
      credentials: 'none' as const,
    };
    const { settingsOf, limitsOf, traitsOf } = settings({ 'docker.io': hub });
    const origin = 'https://registry-1.docker.io';
    expect(settingsOf(new URL(origin))).toEqual({ timeouts: { idle: 1 }, connections: 7, proxy: FROM_ENVIRONMENT });
    expect(limitsOf(origin)).toEqual({ start: 2, concurrency: 7 });
    expect(limitsOf('https://auth.docker.io')).toEqual({});
    expect(traitsOf('docker.io')).toEqual({ mount: false });
  });

  it('uses only the configured credential source of a host', async () => {
    const { credentials } = settings({
      'a.example:5000': { credentials: 'google' },
      'docker.io': { credentials: 'ghcr' },
      'c.example': {},
    });
    const asked = async (host: string, empty: readonly SourceName[] = []): Promise<string | undefined> => {
      const credential = await credentials(sources(empty))(host, signal);
      return credential?.kind === 'basic' ? credential.username : undefined;
    };
    expect(await asked('a.example:5000')).toBe('google');
    expect(await asked('a.example:5000', ['google'])).toBeUndefined();
    expect(await asked('registry-1.docker.io')).toBe('ghcr');
    expect(await asked('c.example')).toBe('docker');
    expect(await asked('c.example', ['docker'])).toBe('google');
  });
});

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dockerHome as home } from '../../../../test/support/docker-home.ts';
import { rejection } from '../../../../test/support/http-request.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const config = (auths: Record<string, unknown>): Record<string, unknown> => ({ '.docker/config.json': { auths } });
const from = expect.any(String) as string;
const me = { kind: 'basic', username: 'me', password: 'pa:ss', from };

describe('src/http/credentials/docker/config.ts', () => {
  it('has no credential without a file, without an entry, or with an empty entry', async () => {
    const none = await home({});
    expect(await none.ask('registry.example')).toBeUndefined();
    const { ask } = await home(config({ 'registry.example': {}, 'other.example': { auth: base64('me:pa:ss') } }));
    expect(await ask('registry.example')).toBeUndefined();
  });

  it.each<[string, unknown, unknown]>([
    ['auth', { auth: base64('me:pa:ss') }, me],
    ['user and password', { username: 'me', password: 'pa:ss' }, me],
    [
      'an identity token',
      { auth: base64('me:'), identitytoken: 'refresh' },
      { kind: 'identity', username: 'me', token: 'refresh', from },
    ],
    ['a registry token', { registrytoken: 'bearer' }, { kind: 'registry', token: 'bearer', from }],
  ])('reads %s', async (_form, entry, expected) => {
    const { ask } = await home(config({ 'registry.example:5000': entry }));
    expect(await ask('registry.example:5000')).toEqual(expected);
  });

  it.each([
    'registry.example',
    'https://registry.example',
    'https://registry.example/v1/',
    'http://registry.example/v2/',
    'registry.example/v2/',
    'Registry.Example',
  ])('matches the key %s to the host', async (key) => {
    const { ask } = await home(config({ [key]: { auth: base64('me:pa:ss') } }));
    expect(await ask('registry.example')).toEqual(me);
  });

  it.each([
    'registry.example.evil.com',
    'evil-registry.example',
    'https://evil.com/registry.example',
    'registry.example:5000',
    'registry.example/namespace',
  ])('does not match the key %s to the host', async (key) => {
    const { ask } = await home(config({ [key]: { auth: base64('me:pa:ss') } }));
    expect(await ask('registry.example')).toBeUndefined();
  });

  it.each(['docker.io', 'index.docker.io', 'registry-1.docker.io'])(
    'recognizes Docker Hub as %s by its old key',
    async (host) => {
      const { ask } = await home(config({ 'https://index.docker.io/v1/': { auth: base64('me:pa:ss') } }));
      expect(await ask(host)).toEqual(me);
      expect(await ask(`${host}.evil.com`)).toBeUndefined();
    },
  );

  it('reads DOCKER_CONFIG instead of the home folder', async () => {
    const { ask, home: folder } = await home({
      ...config({ 'a.example': { auth: base64('no:no') } }),
      'elsewhere/config.json': { auths: { 'a.example': { auth: base64('me:pa:ss') } } },
    });
    expect(await ask('a.example', { DOCKER_CONFIG: join(folder, 'elsewhere') })).toEqual(me);
  });

  it('falls back to the files of Podman', async () => {
    const auth = { auths: { 'a.example': { auth: base64('me:pa:ss') } } };
    const { ask, home: folder } = await home({ 'run/containers/auth.json': auth, 'named.json': auth });
    expect(await ask('a.example')).toBeUndefined();
    expect(await ask('a.example', { XDG_RUNTIME_DIR: join(folder, 'run') })).toEqual(me);
    expect(await ask('a.example', { REGISTRY_AUTH_FILE: join(folder, 'named.json') })).toEqual(me);
    const podman = await home({ '.config/containers/auth.json': auth });
    expect(await podman.ask('a.example')).toEqual(me);
  });

  it('uses the longest key that covers a repository, by whole path segments', async () => {
    const { ask } = await home(
      config({
        'a.example/team': { auth: base64('team:x') },
        'A.example/team/deep/': { auth: base64('deep:x') },
        'a.example': { auth: base64('host:x') },
        'b.example/team': { auth: base64('b:x') },
        'docker.io/team': { auth: base64('hub:x') },
      }),
    );
    const user = async (host: string, repository?: string): Promise<unknown> => {
      const found = await ask(host, {}, repository);
      return found?.kind === 'basic' ? found.username : found;
    };
    expect(await user('a.example', 'team/app')).toBe('team');
    expect(await user('a.example', 'team')).toBe('team');
    expect(await user('a.example', 'team/deep/app')).toBe('deep');
    expect(await user('a.example', 'teams/app')).toBe('host');
    expect(await user('a.example', 'other/team/app')).toBe('host');
    expect(await user('a.example')).toBe('host');
    expect(await user('b.example', 'team/app')).toBe('b');
    expect(await user('b.example', 'other/app')).toBeUndefined();
    expect(await user('b.example')).toBeUndefined();
    expect(await user('registry-1.docker.io', 'team/app')).toBe('hub');
    expect(await user('registry-1.docker.io', 'library/app')).toBeUndefined();
  });

  it('names the file and user of a credential, with ~ for the home folder', async () => {
    const { ask, home: folder } = await home({
      ...config({ 'a.example': { auth: base64('me:x') } }),
      'elsewhere/auth.json': { auths: { 'b.example': { auth: base64('me:x') } } },
    });
    expect(await ask('a.example')).toMatchObject({ from: '~/.docker/config.json' });
    const env = { REGISTRY_AUTH_FILE: join(folder, 'elsewhere/auth.json') };
    expect(await ask('b.example', env)).toMatchObject({ from: '~/elsewhere/auth.json' });
  });

  it('reports an invalid entry by its key, and still reads the others', async () => {
    const { ask } = await home({
      '.docker/config.json': {
        auths: {
          'null.example': null,
          'a.example': { auth: base64('me:pa:ss') },
          'list.example': ['c2VjcmV0'],
          'text.example/team': { auth: 'c2VjcmV0' },
          'text.example': { auth: base64('me:pa:ss'), identitytoken: null },
        },
        credHelpers: { 'b.example': null, 'c.example': 7 },
      },
    });
    expect(await ask('a.example')).toEqual(me);
    expect(await ask('null.example')).toBeUndefined();
    expect(await ask('b.example')).toBeUndefined();
    expect(await ask('text.example', {}, 'other/app')).toEqual(me);
    for (const [host, repository, key] of [
      ['list.example', undefined, 'list.example'],
      ['text.example', 'team/app', 'text.example/team'],
      ['c.example', undefined, 'c.example'],
    ] as const) {
      const error = await rejection(ask(host, {}, repository));
      expect(error).toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining(` for ${key} `) as string });
      expect(String(error)).not.toMatch(/c2VjcmV0|secret/);
    }
  });

  it('reports an invalid file without quoting it', async () => {
    const cases = [
      '{"auths": {"a.example": {"auth": "c2VjcmV0"',
      { auths: { 'a.example': { auth: ['c2VjcmV0'] } } },
      { auths: { 'a.example': { auth: 'c2VjcmV0' } } },
    ];
    for (const content of cases) {
      const { ask } = await home({ '.docker/config.json': content });
      const error = await rejection(ask('a.example'));
      expect(error).toMatchObject({
        code: 'UNAUTHORIZED',
        message: expect.stringContaining('.docker/config.json'),
        hint: expect.any(String),
      });
      expect(`${String(error)} ${String((error as Error).cause)}`).not.toMatch(/c2VjcmV0|secret/);
    }
  });
});

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { rejection } from '../../../test/support/http-request.ts';
import type { Credential } from './credential.ts';
import { dockerConfig } from './docker-config.ts';

const forever = new AbortController().signal;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

type Setup = {
  readonly home: string;
  ask(host: string, env?: Record<string, string>, repository?: string): Promise<Credential | undefined>;
};

/** A home folder with these files, JSON unless it is text. */
async function home(files: Record<string, unknown>): Promise<Setup> {
  const folder = await mkdtemp(join(tmpdir(), 'docker-config-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o755 });
  }
  const given = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, HOME: folder };
  return {
    home: folder,
    ask: (host, env = {}, repository) =>
      dockerConfig({ clock: fakeClock(), home: folder, env: { ...given, ...env } })(host, forever, { repository }),
  };
}

const config = (auths: Record<string, unknown>): Record<string, unknown> => ({ '.docker/config.json': { auths } });
const from = expect.any(String) as string;
const me = { kind: 'basic', username: 'me', password: 'pa:ss', from };

describe('src/http/credentials/docker-config.ts', () => {
  it('has no credential where there is no file, no entry, or an empty one', async () => {
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
  ])('takes the key %s for the host', async (key) => {
    const { ask } = await home(config({ [key]: { auth: base64('me:pa:ss') } }));
    expect(await ask('registry.example')).toEqual(me);
  });

  it.each([
    'registry.example.evil.com',
    'evil-registry.example',
    'https://evil.com/registry.example',
    'registry.example:5000',
    'registry.example/namespace',
  ])('does not take the key %s for the host', async (key) => {
    const { ask } = await home(config({ [key]: { auth: base64('me:pa:ss') } }));
    expect(await ask('registry.example')).toBeUndefined();
  });

  it.each(['docker.io', 'index.docker.io', 'registry-1.docker.io'])(
    'knows Docker Hub as %s by its old key',
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

  it('takes the longest key that covers a repository, whole path segments only', async () => {
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

  it('says which file and user a credential is of, the home folder as people write it', async () => {
    const { ask, home: folder } = await home({
      ...config({ 'a.example': { auth: base64('me:x') } }),
      'elsewhere/auth.json': { auths: { 'b.example': { auth: base64('me:x') } } },
    });
    expect(await ask('a.example')).toMatchObject({ from: '~/.docker/config.json' });
    const env = { REGISTRY_AUTH_FILE: join(folder, 'elsewhere/auth.json') };
    expect(await ask('b.example', env)).toMatchObject({ from: '~/elsewhere/auth.json' });
  });

  it('lets a broken entry spoil only itself, and names it by its key', async () => {
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

  it('says what is wrong with a file without showing what is in it', async () => {
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

  const helper = (script: string): string => `#!/bin/sh\n${script}\n`;

  it('asks the helper of a host, else the store, once for each host', async () => {
    const { home: folder } = await home({
      '.docker/config.json': {
        credHelpers: { 'a.example': 'one' },
        credsStore: 'two',
        auths: { 'c.example': { auth: base64('me:pa:ss') } },
      },
      'bin/docker-credential-one': helper(
        'read server; echo "$server $1" >> "$HOME/calls"; echo "{\\"Username\\":\\"one\\",\\"Secret\\":\\"$server\\"}"',
      ),
      'bin/docker-credential-two': helper(
        'read server; test "$server" = c.example && { echo "credentials not found in native keychain"; exit 1; }; echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"$server\\"}"',
      ),
    });
    const source = dockerConfig({
      clock: fakeClock(),
      home: folder,
      env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, HOME: folder },
    });
    const [first, again] = await Promise.all([source('a.example', forever), source('a.example', forever)]);
    expect(first).toEqual({
      kind: 'basic',
      username: 'one',
      password: 'a.example',
      from: 'docker-credential-one',
    });
    expect(await source('a.example', forever)).toBe(again);
    expect(await source('registry-1.docker.io', forever)).toEqual({
      kind: 'identity',
      username: '',
      token: 'https://index.docker.io/v1/',
      from: 'docker-credential-two',
    });
    expect(await source('c.example', forever)).toEqual(me);
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('a.example get\n');
  });

  it('asks a helper of a namespace for that namespace, once for all of its repositories', async () => {
    const { home: folder } = await home({
      '.docker/config.json': { credHelpers: { 'a.example/team': 'one' }, credsStore: 'one' },
      'bin/docker-credential-one': helper(
        'read server; echo "$server" >> "$HOME/calls"; echo "{\\"Username\\":\\"one\\",\\"Secret\\":\\"$server\\"}"',
      ),
    });
    const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, HOME: folder };
    const source = dockerConfig({ clock: fakeClock(), home: folder, env });
    const secret = async (repository: string): Promise<unknown> => {
      const found = await source('a.example', forever, { repository });
      return found?.kind === 'basic' ? found.password : found;
    };
    expect(await secret('team/app')).toBe('a.example/team');
    expect(await secret('team/deep/app')).toBe('a.example/team');
    expect(await secret('other/app')).toBe('a.example');
    expect(await secret('other/more')).toBe('a.example');
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('a.example/team\na.example\n');
  });

  it('does not run a helper that failed for every request', async () => {
    const { home: folder } = await home({
      '.docker/config.json': { credsStore: 'odd' },
      'bin/docker-credential-odd': helper('echo x >> "$HOME/calls"; exit 3'),
    });
    const clock = fakeClock();
    const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, HOME: folder };
    const source = dockerConfig({ clock, home: folder, env });
    const first = await rejection(source('a.example', forever));
    expect(await rejection(source('a.example', forever, { repository: 'app' }))).toBe(first);
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('x\n');
    await clock.advance(30_000);
    await rejection(source('a.example', forever));
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('x\nx\n');
  });

  it.each<[string, string | undefined, string]>([
    ['is not there', undefined, 'ENOENT'],
    ['fails', helper('echo "vault is sealed"; exit 3'), 'ended with 3: vault is sealed'],
    ['answers nonsense', helper('echo "<html>"'), 'no credential'],
  ])('says so when a helper %s', async (_case, script, words) => {
    const { ask } = await home({
      '.docker/config.json': { credsStore: 'odd' },
      ...(script === undefined ? {} : { 'bin/docker-credential-odd': script }),
    });
    expect(await rejection(ask('a.example'))).toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining(words),
      hint: expect.stringContaining('docker-credential-odd'),
    });
  });

  it('runs no program that a name would lead out of the PATH to', async () => {
    const { ask } = await home({ '.docker/config.json': { credsStore: '../../bin/sh' } });
    expect(await rejection(ask('a.example'))).toMatchObject({ message: expect.stringContaining('no program name') });
  });

  it('gives up a helper that does not answer, or when it is told to stop', async () => {
    const { home: folder } = await home({
      '.docker/config.json': { credsStore: 'slow' },
      'bin/docker-credential-slow': helper('exec sleep 60'),
    });
    const clock = fakeClock();
    const options = { clock, home: folder, env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` } };
    const failed = rejection(dockerConfig(options)('a.example', forever));
    while (clock.pending() === 0) await clock.advance(0);
    await clock.advance(30_000);
    expect(await failed).toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('within 30 s') });

    const controller = new AbortController();
    const stopped = rejection(dockerConfig(options)('a.example', controller.signal));
    while (clock.pending() === 0) await clock.advance(0);
    controller.abort(new Error('enough'));
    expect(await stopped).toEqual(new Error('enough'));
    expect(clock.pending()).toBe(0);
  });
});

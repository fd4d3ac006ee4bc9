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
  ask(host: string, env?: Record<string, string>): Promise<Credential | undefined>;
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
    ask: (host, env = {}) =>
      dockerConfig({ clock: fakeClock(), home: folder, env: { ...given, ...env } })(host, forever),
  };
}

const config = (auths: Record<string, unknown>): Record<string, unknown> => ({ '.docker/config.json': { auths } });
const me = { kind: 'basic', username: 'me', password: 'pa:ss' };

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
      { kind: 'identity', username: 'me', token: 'refresh' },
    ],
    ['a registry token', { registrytoken: 'bearer' }, { kind: 'registry', token: 'bearer' }],
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
    expect(first).toEqual({ kind: 'basic', username: 'one', password: 'a.example' });
    expect(await source('a.example', forever)).toBe(again);
    expect(await source('registry-1.docker.io', forever)).toEqual({
      kind: 'identity',
      username: '',
      token: 'https://index.docker.io/v1/',
    });
    expect(await source('c.example', forever)).toEqual(me);
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('a.example get\n');
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

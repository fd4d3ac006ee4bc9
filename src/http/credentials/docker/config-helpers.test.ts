import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dockerHome as home } from '../../../../test/support/docker-home.ts';
import { fakeClock } from '../../../../test/support/fake-clock.ts';
import { rejection } from '../../../../test/support/http-request.ts';
import { dockerConfig } from './config.ts';

const forever = new AbortController().signal;
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const me = { kind: 'basic', username: 'me', password: 'pa:ss', from: '~/.docker/config.json' };

describe('src/http/credentials/docker/config.ts, with helpers', () => {
  const helper = (script: string): string => `#!/bin/sh\n${script}\n`;

  it('runs the helper of a host, else the store, once for each host', async () => {
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

  it('runs the helper of a namespace once for all of its repositories', async () => {
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

  it('does not run a failed helper again for every request', async () => {
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
    ['fails', helper('echo "vault is sealed"; exit 3'), 'exited with 3: vault is sealed'],
    ['prints nonsense', helper('echo "<html>"'), 'printed an invalid credential'],
  ])('reports a helper that %s', async (_case, script, words) => {
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

  it('rejects a helper name that would leave the PATH', async () => {
    const { ask } = await home({ '.docker/config.json': { credsStore: '../../bin/sh' } });
    expect(await rejection(ask('a.example'))).toMatchObject({
      message: expect.stringContaining('is not a valid program name'),
    });
  });

  it('stops a helper that does not respond, or when the signal aborts', async () => {
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

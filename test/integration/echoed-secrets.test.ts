import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kpromo } from '../support/promotion/cip.ts';
import type { Fault, FaultRequest } from '../support/registry/faults.ts';
import { leaks, promote } from '../support/secret-run.ts';
import { helper, MARK, secretWorld, signed, type SecretWorld } from '../support/secret-world.ts';

/** What a registry was told, without a word that says so: the password, its base64, the token. */
function heard({ headers }: FaultRequest): readonly string[] {
  const [, said = ''] = (headers.authorization ?? '').split(' ');
  const login = Buffer.from(said, 'base64').toString('utf8');
  const password = login.slice(login.indexOf(':') + 1);
  return headers.authorization?.startsWith('Basic') === true
    ? [password, said, Buffer.from(password).toString('base64'), Buffer.from(`x${password}y`).toString('base64url')]
    : [said];
}

const FORMS: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'percent-encoded': (text) =>
    Array.from(text)
      .map((one) => `%${one.charCodeAt(0).toString(16)}`)
      .join(''),
  'percent-encoded twice': (text) =>
    Array.from(text)
      .map((one) => `%25${one.charCodeAt(0).toString(16)}`)
      .join(''),
  'with the escapes of JSON': (text) =>
    Array.from(text)
      .map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  'with the entities of HTML': (text) =>
    Array.from(text)
      .map((one) => `&#${one.charCodeAt(0)};`)
      .join(''),
};

const PLACES: Readonly<Record<string, (said: string) => Fault>> = {
  'the message of an error': (said) => ({
    status: 403,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ errors: [{ code: 'DENIED', message: `no access for ${said}` }] }),
  }),
  'the code of an error, without spaces': (said) => ({
    status: 400,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ errors: [{ code: `x${said}x`, message: said }] }),
  }),
  'the title of a page': (said) => ({
    status: 502,
    headers: { 'content-type': 'text/html' },
    body: `<html><title>${said}</title></html>`,
  }),
  'plain text, where it is cut off': (said) => ({
    status: 400,
    headers: { 'content-type': 'text/plain' },
    body: `${'no '.repeat(97)}${said} ${'no '.repeat(1000)} ${said}`,
  }),
  'plain text, where reading it ends': (said) => ({
    status: 400,
    headers: { 'content-type': 'text/plain' },
    body: `no ${' '.repeat(4090 - said.length / 2)}${said}`,
  }),
  'names of tags': (said) => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: said, tags: said.split(' ') }),
  }),
  headers: (said) => ({
    status: 401,
    headers: {
      'www-authenticate': `${said.split(' ')[0]} realm="http://127.0.0.1:9/${said}",error="${said}"`,
      'content-type': said,
      'docker-content-digest': said,
      link: `<${said}>; rel="next"`,
    },
  }),
};

/** The base64 of a password within a longer text keeps characters at its edges that tell nothing; the rest is hidden. */
const shown = (run: { stdout: string; stderr: string }): string => run.stdout + run.stderr;

const passwordForms = (world: SecretWorld): readonly string[] => [
  ...world.secrets(),
  Buffer.from(`password-${MARK}`).toString('base64').slice(0, 12),
  Buffer.from(`xpassword-${MARK}y`).toString('base64url').slice(4, 12),
  `ssword-`,
];

describe('echoed secrets', () => {
  it.each(
    Object.entries(PLACES).flatMap(([place, fault]) =>
      Object.entries(FORMS).map(([form, escape]) => ({ place, fault, form, escape })),
    ),
  )('are not shown from $place, $form', async ({ fault, escape }) => {
    const world = await secretWorld();
    world.trouble((request) => {
      if (request.kind === 'ping' || request.headers.authorization === undefined) return undefined;
      return fault(heard(request).map(escape).join(' '));
    });
    const run = await promote(world, { GITHUB_STEP_SUMMARY: join(world.home, 'summary.md') });
    const summary = await readFile(join(world.home, 'summary.md'), 'utf8');
    const all = shown(run) + summary;
    expect(leaks(world, all)).toEqual([]);
    expect(passwordForms(world).filter((secret) => all.includes(secret))).toEqual([]);
    for (const form of Object.values(FORMS)) expect(all).not.toContain(form(`-${MARK}`));
    expect(run.code).toBe(1);
  });

  it('are not shown from storage that repeats a signature alone', async () => {
    const world = await secretWorld();
    world.trouble(({ kind }) =>
      kind === 'getBlob'
        ? { status: 307, headers: { location: signed(world.storage.url).replace(MARK, `secret-${MARK}-0123456789`) } }
        : undefined,
    );
    const run = await promote(world);
    expect([run.code, leaks(world, shown(run))]).toEqual([1, []]);
  });

  it('are not shown in events, metrics and snapshots', async () => {
    const world = await secretWorld();
    world.trouble((request) => {
      const { kind, headers } = request;
      if (kind !== 'list' || headers.authorization === undefined) return undefined;
      return PLACES['names of tags']?.(heard(request).join(' '));
    });
    const [first = ''] = world.names;
    const [events, metrics] = [join(world.home, 'events.jsonl'), join(world.home, 'metrics.txt')];
    const run = await kpromo(
      ['cip', `--snapshot=${first}/prod`, '--log-level=trace', `--events=${events}`, `--metrics-file=${metrics}`],
      { env: world.env, speed: 100 },
    );
    const files = await Promise.all([events, metrics].map((file) => readFile(file, 'utf8')));
    expect(leaks(world, shown(run) + files.join(''))).toEqual([]);
  });

  it('are not shown from a helper that repeats its environment and what it was given before', async () => {
    const world = await secretWorld();
    const env = { GITHUB_TOKEN: `ghp_${MARK}0123456789`, COSIGN_PASSWORD: `${MARK}${MARK}` };
    await writeFile(join(world.home, 'bin/docker-credential-test'), `${helper('')}env | tee "$HOME/seen"\nexit 1\n`);
    const run = await promote(world, env);
    expect([run.code, leaks(world, shown(run))]).toEqual([1, []]);
    expect(await readFile(join(world.home, 'seen'), 'utf8')).not.toMatch(/GITHUB_TOKEN|COSIGN_PASSWORD/);
  });
});

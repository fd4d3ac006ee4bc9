import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CI_ENVIRONMENT, CREDENTIAL_ENVIRONMENT, ENVIRONMENT, SIGNING_ENVIRONMENT } from '../../src/cli/environment.ts';
import { flagsOf } from '../../src/cli/options/commands/command.ts';
import { COMMANDS } from '../../src/cli/options/commands/index.ts';
import { COMMON_FLAGS } from '../../src/cli/options/output.ts';
import { registryConfigSchema } from '../../src/config/parse.ts';
import { homeWith } from '../support/home.ts';
import { onceForFile } from '../support/once.ts';
import { kpromo } from '../support/promotion/cip.ts';

const PEM = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const KEY = PEM.split('\n').slice(1, -2).join('');
const jwt = (claims: object): string =>
  [{ alg: 'RS256', kid: 'k1' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
const SIGNATURE = 'c2lnbmF0dXJlLW9mLXRoZS10b2tlbi1xN3p4';
const JWT = `${jwt({ iss: 'https://ci.example', sub: 'me', aud: 'sigstore', exp: 1 })}.${SIGNATURE}`;

/** What people paste where a path belongs, and the parts of it that are secret. */
const SECRETS: Readonly<Record<string, readonly [pasted: string, ...secret: string[]]>> = {
  'a key in PEM': [PEM, ...PEM.split('\n').slice(1, -2), KEY.slice(0, 40)],
  'a key in PEM on one line': [PEM.replaceAll('\n', ' ').trim(), ...PEM.split('\n').slice(1, -2)],
  'a key in PEM with written line ends': [PEM.replaceAll('\n', '\\n'), ...PEM.split('\n').slice(1, -2)],
  'the base64 of a key': [KEY, KEY.slice(0, 40), KEY.slice(60, 90)],
  'an identity token': [JWT, SIGNATURE, JWT.slice(0, 60)],
  'an identity token with what HTTP puts before it': [`Bearer ${JWT}`, SIGNATURE, JWT.slice(0, 60)],
  'a token of GitHub': ['ghp_q7zx0123456789abcdefABCDEF0123456789', 'q7zx0123456789'],
  'an opaque token': ['Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5', 'YmFyYmF6cXV4MTIz'],
  'a key of a Google account': [
    JSON.stringify({ type: 'service_account', client_email: 'a@b.example', private_key: PEM }),
    ...PEM.split('\n').slice(1, -2),
  ],
};

const shown = (secret: readonly string[], text: string): readonly string[] =>
  secret.filter((part) => text.includes(part));

/** One for all runs: there are hundreds. */
const homeOfFile = onceForFile((ends) => homeWith({ 'tree/images/x': '' }, ends));

async function printed(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const home = await homeOfFile();
  const summary = join(home, 'summary.md');
  await writeFile(summary, '');
  const { stdout, stderr } = await kpromo(args, {
    env: { HOME: home, GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary, ...env },
  });
  return stdout + stderr + (await readFile(summary, 'utf8'));
}

/** Files of these names would be created in this folder. */
const CREATED: readonly string[] = ['events', 'metrics-file'];
const COMMON: readonly string[] = COMMON_FLAGS.map(({ name }) => name);
/** Names of jobs, which records and reports hold. */
const NAMES = ['JOB_NAME', 'BUILD_ID', 'PROW_JOB_ID'];

const commands = COMMANDS.flatMap(({ name, flags }) =>
  flagsOf(flags)
    .filter(({ type, name: flag }) => type !== 'bool' && !CREATED.includes(flag) && !COMMON.includes(flag))
    .map((flag) => ({ command: name, flag: flag.name })),
);
const variables = [ENVIRONMENT, CI_ENVIRONMENT, SIGNING_ENVIRONMENT, CREDENTIAL_ENVIRONMENT]
  .flat()
  .flatMap(([names]) => names.split(', '))
  .filter(
    (name) =>
      !['HOME', 'PATH', 'GITHUB_ACTIONS', 'GITHUB_STEP_SUMMARY', 'CI', 'TERM', 'NO_COLOR', ...NAMES].includes(name),
  );

/** The keys of the registry configuration with a value, from its schema: `registries[0].timeouts.connect`. */
function configs(schema: unknown, wrap: (inner: string) => string = (inner) => inner): readonly string[] {
  const { properties, items } = schema as { properties?: Record<string, unknown>; items?: unknown };
  if (properties !== undefined)
    return Object.entries(properties).flatMap(([key, inner]) =>
      configs(inner, (value) =>
        wrap(
          `{${key === 'match' ? '' : 'match: "*.example", '}${key}: ${value}}`.replace(
            /^\{match: "\*\.example", (?=version|registries|publicNames|primary)/,
            '{',
          ),
        ),
      ),
    );
  if (items !== undefined) return configs(items, (value) => wrap(`[${value}]`));
  return [wrap('SECRET')];
}

/** Some of these places, others for each secret: all secrets and all places are tried. */
function placesFor<T>(what: string, places: readonly T[]): readonly T[] {
  const names = Object.keys(SECRETS);
  const first = names.indexOf(what);
  return places.filter((_place, index) => index % names.length === first);
}

describe('secrets where a path belongs', () => {
  it('are tried in each flag, variable and key', () => {
    expect(commands.length).toBeGreaterThan(50);
    expect(variables.length).toBeGreaterThan(30);
    expect(configs(JSON.parse(registryConfigSchema())).length).toBeGreaterThan(20);
  });

  it.each(Object.entries(SECRETS))('are not shown: %s in a flag', async (what, [pasted, ...secret]) => {
    for (const { command, flag } of placesFor(what, commands))
      for (const args of [[`--${flag}=${pasted}`], [`--${flag}`, pasted]]) {
        const text = await printed([command, '--manifests=/nonexistent', ...args]);
        expect([flag, shown(secret, text)]).toEqual([flag, []]);
      }
  });

  it.each(Object.entries(SECRETS))('are not shown: %s as an argument', async (what, [pasted, ...secret]) => {
    for (const args of [
      [pasted],
      ...placesFor(what, COMMANDS).map(({ name }) => [name, pasted]),
      ['cip', `--${pasted}`],
      ['explain', pasted],
    ])
      expect(shown(secret, await printed(args))).toEqual([]);
  });

  it.each(Object.entries(SECRETS))('are not shown: %s in a variable', async (what, [pasted, ...secret]) => {
    for (const name of placesFor(what, variables)) {
      const text = await printed(['cip', '--manifests=/nonexistent', '--confirm'], { [name]: pasted });
      expect([name, shown(secret, text)]).toEqual([name, []]);
    }
  });

  it.each(Object.entries(SECRETS))(
    'are not shown: %s in the registry configuration',
    async (what, [pasted, ...secret]) => {
      const home = await homeWith({});
      const file = join(home, 'registries.yaml');
      for (const written of placesFor(what, configs(JSON.parse(registryConfigSchema())))) {
        await writeFile(file, written.replace('SECRET', () => JSON.stringify(pasted)).replace('{', '{version: 1, '));
        const text = await printed(['cip', '--manifests=/nonexistent', `--registry-config=${file}`]);
        expect([written, shown(secret, text)]).toEqual([written, []]);
      }
    },
  );

  it('leave names that are there as they are, and commits', async () => {
    const name = 'Manifests-of-Production-2026';
    const home = await homeWith({
      [`${name}/manifests/a/promoter-manifest.yaml`]: 'x',
      [`${name}/images/a/images.yaml`]: 'x',
    });
    const folder = join(home, name);
    expect(await printed(['validate', folder])).toContain(name);
    const commit = '0123456789abcdef0123456789abcdef01234567';
    expect(await printed(['cip', `--manifests=${folder}`, `--manifest-diff-since=${commit}`])).toContain(
      commit.slice(0, 12),
    );
  });
});

import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { entryWith, EVERY_KEY, INVALID, VALID } from '../../test/support/registry-configs.ts';
import { parseRegistryConfig, registryConfigSchema } from './parse.ts';

const PUBLISHED = new URL('../../schemas/registry-config.schema.json', import.meta.url);
const isValid = new Ajv2020({ strict: true, allErrors: true }).compile(JSON.parse(registryConfigSchema()));

/** `line:column: message; hint` of each problem; none for a valid text. */
function problems(text: string): readonly string[] {
  const parsed = parseRegistryConfig('r.yaml', Buffer.from(text));
  if (!('problems' in parsed)) return [];
  return parsed.problems.map(
    ({ message, hint, position: { line, column } }) => `${line}:${column}: ${message}; ${hint}`,
  );
}

describe('src/config/parse.ts', () => {
  it('publishes its JSON schema', () => {
    expect(readFileSync(PUBLISHED, 'utf8')).toBe(registryConfigSchema());
  });

  it.each(VALID)('accepts %s, as does the schema', (_name, text) => {
    expect(problems(text)).toEqual([]);
    isValid(load(text));
    expect(isValid.errors).toBe(null);
  });

  it.each(INVALID)('rejects %s', (_name, text, said) => {
    expect(problems(text)).toEqual([said]);
  });

  it.each(INVALID)('agrees with the schema about %s', (_name, text, _said, schema) => {
    expect(loadsAsValid(text)).toBe(schema === 'cannot tell');
  });

  it('reports everything that is wrong at once', () => {
    expect(
      problems(entryWith('mount: no', 'listing: none', 'timeouts: { idle: soon }')).map((one) => one.split(':')[0]),
    ).toEqual(['4', '5', '6']);
  });

  it('never repeats an address that may hold a password', () => {
    expect(problems(entryWith('proxy: ftp://user:hunter2@p')).join()).not.toContain('hunter2');
  });

  it('returns the values as written', () => {
    const parsed = parseRegistryConfig('r.yaml', Buffer.from(EVERY_KEY));
    if (!('value' in parsed)) throw new Error('EVERY_KEY is valid');
    const [google, ecr, internal, local] = parsed.value.registries;
    expect(parsed.value.primary?.text).toBe('us-docker.pkg.dev');
    expect(parsed.value.publicNames.map(({ name }) => name)).toEqual(['images.acme.dev', 'public.example:443/acme']);
    expect(google?.limits).toMatchObject({
      group: 'gar',
      start: 75,
      floor: 0.5,
      ceiling: 1000,
      burst: 10,
      concurrency: 20,
    });
    expect(google?.timeouts).toMatchObject({ connect: 10_000, headers: 60_500, idle: 30_000, request: 900_000 });
    expect(ecr).toMatchObject({ createRepositories: true, mount: false });
    expect(internal).toMatchObject({
      ca: 'certs/ca.pem',
      proxy: new URL('http://user:secret@proxy.internal:3128'),
    });
    expect(local).toMatchObject({ insecure: true, proxy: 'none', credentials: 'none' });
  });

  it('rejects bytes that are not UTF-8', () => {
    expect(parseRegistryConfig('r.yaml', Buffer.of(0xff, 0xfe))).toMatchObject({
      problems: [{ message: 'the file is not UTF-8 text', position: { file: 'r.yaml', line: 1, column: 1 } }],
    });
  });
});

/** Returns whether an editor with the schema accepts a text; it also rejects YAML that js-yaml cannot load. */
function loadsAsValid(text: string): boolean {
  try {
    return isValid(load(text));
  } catch {
    return false;
  }
}

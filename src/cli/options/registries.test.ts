import { describe, expect, it } from 'vitest';
import { parseFlags } from './flags/parse-flags.ts';
import {
  environmentLimiter,
  PRIMARY_FLAGS,
  primaryOptions,
  registriesOptions,
  REGISTRY_FLAGS,
  type PrimaryOptions,
  type RegistriesOptions,
} from './registries.ts';

const limiterOption = (value: string): RegistriesOptions['limiter'] =>
  registriesOptions(parseFlags(REGISTRY_FLAGS, ['--limiter', value]).values).limiter;

const primary = (...argv: string[]): PrimaryOptions => primaryOptions(parseFlags(PRIMARY_FLAGS, argv).values);

describe('src/cli/options/registries.ts', () => {
  it('has no limiter by default', () => {
    expect([limiterOption(''), environmentLimiter({}), environmentLimiter({ KPROMO_LIMITER: '' })]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('parses the limiter address', () => {
    expect(limiterOption('redis://cache')).toMatchObject({ host: 'cache', port: 6379 });
    expect(environmentLimiter({ KPROMO_LIMITER: 'rediss://cache:1' })).toMatchObject({ port: 1, tls: true });
  });

  it.each([
    ['--limiter', () => limiterOption('https://me:secret-zq7@cache')],
    ['KPROMO_LIMITER', () => environmentLimiter({ KPROMO_LIMITER: 'https://me:secret-zq7@cache' })],
  ])('rejects an invalid limiter address without repeating it: %s', (name, read) => {
    expect(read).toThrow(
      expect.objectContaining({ code: 'USAGE', message: `${name} is not a valid address of a Redis server` }),
    );
  });

  it('has no primary registry by default', () => {
    expect(primary()).toEqual({ acceptsChange: false });
    expect(primary('--primary-registry=*.acme.test/prod').chosen?.text).toBe('*.acme.test/prod');
    expect(() => primary('--primary-registry=a b')).toThrow('--primary-registry: pattern "a b"');
  });
});

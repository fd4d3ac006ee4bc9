import { describe, expect, it } from 'vitest';
import { environmentLimiter, limiterOption } from './limiter.ts';

describe('src/cli/options/limiter.ts', () => {
  it('names no server unless told', () => {
    expect([limiterOption(''), environmentLimiter({}), environmentLimiter({ KPROMO_LIMITER: '' })]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('reads the address', () => {
    expect(limiterOption('redis://cache')).toMatchObject({ host: 'cache', port: 6379 });
    expect(environmentLimiter({ KPROMO_LIMITER: 'rediss://cache:1' })).toMatchObject({ port: 1, tls: true });
  });

  it.each([
    ['--limiter', () => limiterOption('https://me:secret-zq7@cache')],
    ['KPROMO_LIMITER', () => environmentLimiter({ KPROMO_LIMITER: 'https://me:secret-zq7@cache' })],
  ])('refuses what is none, and does not repeat it: %s', (name, read) => {
    expect(read).toThrow(
      expect.objectContaining({ code: 'USAGE', message: `${name} is no address of a Redis server` }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { promisedRate } from './rate-headers.ts';

describe('src/ratelimit/rate-headers.ts', () => {
  it.each([
    [{ 'ratelimit-limit': '100;w=10' }, 10],
    [{ 'ratelimit-limit': '100', 'ratelimit-remaining': '40', 'ratelimit-reset': '20' }, 2],
    [{ 'x-ratelimit-limit': '100', 'x-ratelimit-remaining': '60', 'x-ratelimit-reset': '6' }, 10],
    [{ ratelimit: '"default";r=50;t=10' }, 5],
    // A quota for six hours is none for a second: Docker Hub counts pulls so.
    [{ 'ratelimit-limit': '100;w=21600' }, undefined],
    [{ 'ratelimit-limit': '100' }, undefined],
    [{ ratelimit: '"default";r=0;t=10' }, undefined],
    [{ 'ratelimit-limit': 'many;w=10' }, undefined],
    [{}, undefined],
  ])('reads %j', (headers: Record<string, string>, rate) => {
    expect(promisedRate((name) => headers[name])).toBe(rate);
  });
});

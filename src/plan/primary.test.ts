import { describe, expect, it } from 'vitest';
import { compilePattern } from '../image/pattern.ts';
import { primaryOf } from './primary.ts';

const UPSTREAM = 'us-central1-docker.pkg.dev/k8s-artifacts-prod/images';

describe('src/plan/primary.ts', () => {
  it.each([
    ['b.example/prod', ['a.example/prod', UPSTREAM, 'b.example/prod'], 'b.example'],
    ['b.example/prod', ['a.test/prod', 'c.example/prod', 'b.example/prod'], '*.example/prod'],
    [UPSTREAM, ['a.example/prod', UPSTREAM], undefined],
    [UPSTREAM, ['a.example/prod', UPSTREAM], 'not.there'],
    ['a.example/prod', ['b.example/prod', 'a.example/prod'], undefined],
    ['a.example/prod', ['b.example/prod', 'a.example/prod'], 'not.there'],
    ['a.example/prod', ['a.example/prod', 'b.example/us-central1-docker.pkg.dev'], undefined],
    ['a.example/prod', ['a.example/prod', 'us-central1-docker.pkg.dev.evil.example/prod'], undefined],
    [undefined, [], 'a.example'],
  ])('finds %s among %j when %s is asked for', (expected, destinations, chosen) => {
    expect(primaryOf(destinations, chosen === undefined ? undefined : compilePattern(chosen))).toBe(expected);
  });

  it('does not depend on the order, and leaves it alone', () => {
    const destinations = ['c.example', 'a.example', 'b.example'];
    expect(primaryOf(destinations)).toBe(primaryOf(destinations.toReversed()));
    expect(destinations).toEqual(['c.example', 'a.example', 'b.example']);
  });
});

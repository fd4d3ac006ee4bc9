import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../image/pattern.ts';
import { primaryOf } from './primary.ts';

const UPSTREAM = 'us-central1-docker.pkg.dev/k8s-artifacts-prod/images';

describe('src/plan/places/primary.ts', () => {
  it.each([
    ['b.example/prod', ['a.example/prod', UPSTREAM, 'b.example/prod'], 'b.example'],
    ['c.example/prod', ['a.test/prod', 'c.example/prod', 'b.example/prod'], '*.example/prod'],
    [UPSTREAM, ['a.example/prod', UPSTREAM], undefined],
    [UPSTREAM, ['a.example/prod', UPSTREAM], 'not.there'],
    ['b.example/prod', ['b.example/prod', 'a.example/prod'], undefined],
    ['b.example/prod', ['b.example/prod', 'a.example/prod'], 'not.there'],
    ['a.example/prod', ['a.example/prod', 'b.example/us-central1-docker.pkg.dev'], undefined],
    ['a.example/prod', ['a.example/prod', 'us-central1-docker.pkg.dev.evil.example/prod'], undefined],
    [undefined, [], 'a.example'],
  ])('returns %s of %j with %s as the choice', (expected, destinations, chosen) => {
    expect(primaryOf(destinations, chosen === undefined ? undefined : compilePattern(chosen))).toBe(expected);
  });

  it('stays the same if a destination is appended', () => {
    const name = fc.constantFrom('a.example', 'b.example', 'c.example/prod', UPSTREAM.replace('central', 'east'));
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 2 }),
        fc.option(fc.constantFrom('a.example', '*.example/prod')),
        (all, text) => {
          const chosen = text === null ? undefined : compilePattern(text);
          const before = primaryOf(all.slice(0, -1), chosen);
          const added = all.at(-1) ?? '';
          const isChosen = chosen?.matches(added) === true && !chosen.matches(before ?? '');
          expect(primaryOf(all, chosen)).toBe(isChosen ? added : before);
        },
      ),
    );
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathPattern } from './path-pattern.ts';

const matches = (pattern: string, name: string): boolean | string => {
  const compiled = pathPattern(pattern);
  return 'value' in compiled ? compiled.value(name) : compiled.message;
};

describe('src/policy/path-pattern.ts', () => {
  it.each([
    ['abc', 'abc', true],
    ['*', 'abc', true],
    ['*', '', true],
    ['*', 'a/b', false],
    ['*c', 'abc', true],
    ['a*/b', 'abc/b', true],
    ['a*/b', 'a/c/b', false],
    ['a*b*c*d*e*/f', 'axbxcxdxe/f', true],
    ['a*b*c*d*e*/f', 'axbxcxdxexxx/fff', false],
    ['a*b?c*x', 'abxbbxdbxebxczzx', true],
    ['a*b?c*x', 'abxbbxdbxebxczzy', false],
    ['ab[b-d]', 'abc', true],
    ['ab[e-g]', 'abc', false],
    ['ab[^c]', 'abc', false],
    ['ab[^e-g]', 'abc', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'ab', false],
    ['a?b', 'aéb', true],
    ['a[^a]b', 'aéb', true],
    ['a???b', 'aéb', false],
    ['[a-ζ]*', 'α', true],
    ['*[a-ζ]', 'A', false],
    ['a?b', 'a/b', false],
    ['[\\]a]', ']', true],
    ['[\\-x]', '-', true],
    ['[x\\-]', 'z', false],
    ['*x', 'xxx', true],
    ['refs/tags/v*', 'refs/tags/v1.2.0', true],
    ['refs/tags/v*', 'refs/tags/v1/evil', false],
    ['refs/tags/v*', 'refs/heads/main', false],
  ])('holds %s against %j as path.Match of Go does: %s', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  it.each(['[]a]', '[-]', '[x-]', '[-x]', '[a-b-c]', '[', '[^', '[^bc', 'a[', 'a\\', '[a\\', '*['])(
    'refuses %j, as Go does',
    (pattern) => {
      expect(matches(pattern, '')).toContain('path.Match');
    },
  );

  it('matches literal texts, up to the length of an address', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (name) => {
        expect(matches(name.replaceAll(/[\\*?[]/g, '\\$&'), name)).toBe(true);
      }),
    );
    expect(matches('*', 'x'.repeat(2048))).toBe(true);
    expect(matches('*', 'x'.repeat(2049))).toBe(false);
    expect(matches('*'.repeat(1001), '')).toBe('is too long a pattern');
    expect(matches(`${'*a'.repeat(500)}b`.slice(0, 1000), 'a'.repeat(2048))).toBe(true);
  });
});

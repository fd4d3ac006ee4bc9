import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isPromotionError } from '../errors.ts';
import { hostPatternProblem } from './host.ts';
import { compilePattern, coversRegistry } from './pattern.ts';

const matches = (pattern: string, name: string): boolean => compilePattern(pattern).matches(name);

describe('src/image/pattern', () => {
  it.each([
    ['gcr.io', 'gcr.io'],
    ['gcr.io', 'gcr.io/a/b'],
    ['GCR.io', 'gcr.IO/a'],
    ['gcr.io/a', 'gcr.io/a'],
    ['gcr.io/a/*', 'gcr.io/a/b'],
    ['gcr.io/a/**', 'gcr.io/a/b/c'],
    ['gcr.io/**/c', 'gcr.io/a/b/c'],
    ['gcr.io/k8s-staging-*', 'gcr.io/k8s-staging-foo'],
    ['gcr.io/a*', 'gcr.io/a'],
    ['*.pkg.dev', 'us-docker.pkg.dev/project/images'],
    ['**.pkg.dev', 'a.b.pkg.dev/project'],
    ['*-docker.pkg.dev/acme/prod', 'us-docker.pkg.dev/acme/prod'],
    ['localhost:5000', 'localhost:5000/staging'],
    ['localhost:*', 'localhost:5001/staging'],
    ['**', 'localhost:5001/staging'],
    ['[::1]:5000', '[::1]:5000/staging'],
  ])('matches %s with %s', (pattern, name) => {
    expect(matches(pattern, name)).toBe(true);
  });

  it.each([
    ['gcr.io', 'eu.gcr.io'],
    ['gcr.io', 'gcr.io.evil.example'],
    ['gcr.io', 'gcr.io:443/a'],
    ['gcr.io/a', 'gcr.io/a/b'],
    ['gcr.io/a', 'gcr.io/ab'],
    ['gcr.io/a', 'gcr.io'],
    ['gcr.io/a/*', 'gcr.io/a/b/c'],
    ['*', 'gcr.io'],
    ['*.pkg.dev', 'a.b.pkg.dev'],
    ['*.pkg.dev', 'pkg.dev'],
    ['*.pkg.dev', 'pkg.dev.evil.example'],
    ['*.pkg.dev', 'usxpkgxdev'],
    ['**.pkg.dev', 'evil.example/x.pkg.dev'],
    ['*.pkg.dev', 'evil.example/x.pkg.dev'],
    ['local*', 'localhost:5000'],
    ['localhost', 'localhost:5000/staging'],
    ['*/a', 'evil.example/b/a'],
  ])('does not match %s with %s', (pattern, name) => {
    expect(matches(pattern, name)).toBe(false);
  });

  it.each([
    '',
    'https://gcr.io',
    'gcr.io/',
    '/a',
    'gcr.io//a',
    'gcr.io/a b',
    'gcr.io/***',
    'gcr.io:port',
    'a,b',
    'gcr.io/a?',
  ])('rejects the malformed pattern %j', (pattern) => {
    expect.assertions(2);
    try {
      compilePattern(pattern);
    } catch (error) {
      expect(isPromotionError(error, 'USAGE')).toBe(true);
      expect((error as Error).message).toContain(JSON.stringify(pattern));
    }
  });

  it('matches a pattern without wildcards with equal names only', () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9]{0,2}$/);
    const name = fc.tuple(
      fc.array(label, { minLength: 1, maxLength: 3 }),
      fc.array(label, { minLength: 1, maxLength: 3 }),
    );
    fc.assert(
      fc.property(name, name, ([hostA, pathA], [hostB, pathB]) => {
        const a = `${hostA.join('.')}/${pathA.join('/')}`;
        const b = `${hostB.join('.')}/${pathB.join('/')}`;
        expect(matches(a, a)).toBe(true);
        expect(matches(a, b)).toBe(a === b);
      }),
    );
  });

  it('agrees with the equivalent regular expression', () => {
    const piece = fc.constantFrom('a', 'b', '*', '**', '.', '-');
    const host = fc.array(piece, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));
    const pattern = fc
      .tuple(host, fc.option(host))
      .map(([start, rest]) => (rest === null ? start : `${start}/${rest}`));
    const name = fc.stringMatching(/^[ab.-]{0,4}(:[12])?(\/[ab./-]{0,5})?$/);
    fc.assert(
      fc.property(pattern, name, (text, candidate) => {
        const slash = text.indexOf('/');
        const [start, rest] = slash < 0 ? [text, ''] : [text.slice(0, slash), text.slice(slash)];
        fc.pre(!text.includes('***') && hostPatternProblem(start) === undefined);
        const expression = (part: string, one: string, any: string): string =>
          part.replaceAll('.', '\\.').replaceAll('**', '\0').replaceAll('*', one).replaceAll('\0', any);
        const whole = `^${expression(start, '[^.:/]*', '[^/]*')}${slash < 0 ? '(?:/.*)?' : expression(rest, '[^/]*', '.*')}$`;
        expect(matches(text, candidate)).toBe(new RegExp(whole).test(candidate));
      }),
      { numRuns: 2000 },
    );
  });

  it('matches in linear time where regular expressions take exponential time', () => {
    const pattern = `gcr.io/${'**a'.repeat(40)}b`;
    expect(matches(pattern, `gcr.io/${'a'.repeat(250)}`)).toBe(false);
    expect(matches(pattern, `gcr.io/${'a'.repeat(250)}b`)).toBe(true);
  });
});

describe('src/image/pattern, of registries', () => {
  it.each([
    ['gcr.io/acme', 'GCR.io:443/acme'],
    ['gcr.io:443/acme', 'gcr.io/acme'],
    ['localhost:80', 'LOCALHOST/app'],
    ['index.docker.io/acme/*', 'docker.io/acme/app'],
    ['docker.io/acme/*', 'registry-1.docker.io/acme/app'],
  ])('matches %s with the registry %s', (pattern, name) => {
    expect(coversRegistry(compilePattern(pattern), name)).toBe(true);
  });

  it('names the usual spelling of an unusual host', () => {
    expect(() => compilePattern('127.1:5000/acme')).toThrow(
      expect.objectContaining({ hint: 'write 127.0.0.1:5000 for 127.1:5000' }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseScheme, parseChallenges } from './challenge.ts';

const plain = (...values: string[]): unknown =>
  parseChallenges(values).map(({ scheme, params }) => [scheme, Object.fromEntries(params)]);

describe('src/http/auth/challenge.ts', () => {
  it('reads quoted and unquoted parameters', () => {
    expect(
      plain('Bearer realm="https://auth.example/token",service=registry, scope="repository:a/b:pull,push"'),
    ).toEqual([
      ['bearer', { realm: 'https://auth.example/token', service: 'registry', scope: 'repository:a/b:pull,push' }],
    ]);
    expect(plain('BASIC Realm = "a \\"quoted\\" word"')).toEqual([['basic', { realm: 'a "quoted" word' }]]);
  });

  it('reads several challenges from one header and from several', () => {
    const three = [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
      ['bearer', { realm: 'https://auth.example/', service: 's' }],
    ];
    expect(plain('Negotiate, Basic realm="x", Bearer realm="https://auth.example/",service="s"')).toEqual(three);
    expect(plain('Negotiate YII=', 'Basic realm="x"', 'Bearer realm="https://auth.example/", service="s"')).toEqual(
      three,
    );
    expect(plain('Negotiate YII=, Basic realm="x",Bearer realm="https://auth.example/", service="s"')).toEqual(three);
  });

  it('never throws and always terminates, for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '=', '"', ',', ' ', '\\', 'Bearer ', 'realm', '\0', 'é') }),
        (text) => {
          expect(parseChallenges([text]).length).toBeLessThanOrEqual(text.length);
        },
      ),
    );
  });

  it('prefers Bearer to Basic, and returns undefined when neither is offered', () => {
    const choose = (...values: string[]): unknown => chooseScheme(parseChallenges(values));
    expect(choose('Basic realm="x", Bearer realm="/token",scope="repository:a:pull repository:b:pull"')).toEqual({
      kind: 'bearer',
      realm: '/token',
      service: undefined,
      scopes: ['repository:a:pull', 'repository:b:pull'],
    });
    expect(choose('Bearer', 'Basic realm="x"')).toEqual({ kind: 'basic' });
    expect(choose('Negotiate', 'Digest realm="x", nonce="y"')).toBeUndefined();
    expect(choose()).toBeUndefined();
  });
});

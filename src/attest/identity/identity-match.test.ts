import { describe, expect, it } from 'vitest';
import { identityMatch } from './identity-match.ts';
import type { Identity } from '../roles.ts';

const google = 'https://accounts.google.com';
const who = (subject: string, issuer = google): Identity => ({ kind: 'keyless', issuer, subject });

describe('src/attest/identity/identity-match.ts', () => {
  it('compares exact parts as a whole', () => {
    const match = identityMatch({ anyOf: [{ subject: 'a@b.c', issuer: google }] });
    expect([who('a@b.c'), who('xa@b.c'), who('a@b.cx'), who('a@b.c', `${google}/`)].map(match)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("matches Go's regular expressions against the whole of a part", () => {
    const match = identityMatch({
      anyOf: [{ subjectPattern: '(?i)krel-(trust|staging)@[[:alpha:]]+\\.c', issuerPattern: 'https://accounts.*' }],
    });
    expect([who('KREL-trust@b.c'), who('krel-trust@b.c.evil'), who('x/krel-trust@b.c')].map(match)).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('does not match a pattern across a line break', () => {
    const match = identityMatch({ anyOf: [{ subjectPattern: 'a.b', issuer: google }] });
    expect([who('a\nb'), who('axb\n'), who('axb')].map(match)).toEqual([false, false, true]);
  });

  it('matches any of several identities, with both parts from the same one', () => {
    const match = identityMatch({
      anyOf: [
        { subject: 'a', issuer: 'https://one' },
        { subject: 'b', issuer: 'https://two' },
      ],
    });
    expect([who('a', 'https://one'), who('b', 'https://two'), who('a', 'https://two')].map(match)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('matches keys by their hints only', () => {
    const match = identityMatch({ anyOf: [{ subject: 'h', issuer: 'h' }], keys: ['k'] });
    expect([{ kind: 'key', hint: 'k' } as const, { kind: 'key', hint: 'h' } as const].map(match)).toEqual([
      true,
      false,
    ]);
  });

  it.each([
    [{ subject: 'a' }, 'the issuer of a signer'],
    [{ issuer: 'a' }, 'the identity of a signer'],
    [{ subject: 'a', subjectPattern: 'a', issuer: 'b' }, 'the identity of a signer'],
    [{ subject: '', issuer: 'b' }, 'the identity of a signer'],
    [{ subjectPattern: '(', issuer: 'b' }, 'not a regular expression'],
    [{ subjectPattern: '(?=a)', issuer: 'b' }, 'not a regular expression'],
  ])('rejects %o', (rule, words) => {
    expect(() => identityMatch({ anyOf: [rule] })).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(words) }),
    );
  });
});

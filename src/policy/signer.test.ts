import { describe, expect, it } from 'vitest';
import { parseSigner, SIGNER_FORM } from './signer.ts';

const ISSUER = 'https://accounts.google.com';
const matches = (text: string, subject: string, issuer = ISSUER): boolean => {
  const parsed = parseSigner(text);
  return 'value' in parsed && parsed.value.matches({ issuer, subject });
};

describe('src/policy/signer.ts', () => {
  it.each([
    [`sigstore::${ISSUER}::a@b.example`, 'a@b.example', true],
    [`sigstore::${ISSUER}::a@b.example`, 'A@b.example', false],
    [`sigstore::${ISSUER}::a.b`, 'aXb', false],
    [`sigstore::${ISSUER}::spiffe://a::b`, 'spiffe://a::b', true],
    [`sigstore(identityMatch=regex)::${ISSUER}::[a-z]+@b\\.example`, 'abc@b.example', true],
    [`sigstore(identityMatch=regex)::${ISSUER}::[a-z]+@b\\.example`, 'abc@b.example.evil.example', false],
    [`sigstore(identityMatch=regex)::${ISSUER}::[a-z]+@b\\.example`, 'x-abc@b.example', false],
    [`sigstore(identityMatch=regex)::${ISSUER}::a|ab`, 'ab', true],
    [`sigstore(identityMatch=regex)::${ISSUER}::a.*`, 'a\nb', false],
  ])('holds %s against %j: %s', (text, subject, expected) => {
    expect(matches(text, subject)).toBe(expected);
    expect(text).toMatch(new RegExp(SIGNER_FORM));
  });

  it('takes the issuer literally, also beside a pattern', () => {
    const text = 'sigstore(identityMatch=regex)::https://a.example::.*';
    expect(matches(text, 'anybody', 'https://a.example')).toBe(true);
    expect(matches(text, 'anybody', 'https://aXexample')).toBe(false);
  });

  it.each([
    ['a@b.example', 'is no signer'],
    ['key::abc', 'is no signer'],
    ['sigstore(regexp)::x::y', 'is no signer'],
    ['sigstore(issuerMatch=regex)::x::y', 'is no signer'],
    ['sigstore::', 'no issuer'],
    ['sigstore::::a@b.example', 'no issuer'],
    [`sigstore::${ISSUER}`, 'no identity'],
    [`sigstore::${ISSUER}:: `, 'no identity'],
    [`sigstore(identityMatch=regex)::${ISSUER}::(`, 'no regular expression'],
    [`sigstore(identityMatch=regex)::${ISSUER}::a(?=b)`, 'no regular expression'],
  ])('refuses %j: %s', (text, reason) => {
    expect(parseSigner(text)).toMatchObject({ message: expect.stringContaining(reason), hint: expect.any(String) });
  });
});

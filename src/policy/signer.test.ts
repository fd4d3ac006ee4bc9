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

  it.each([
    '(?:.?){1000}',
    '((a{30}){30}){2}',
    '(?:.?){300}|(?:.?){300}|(?:.?){300}|(?:.?){300}',
    'a'.repeat(1001),
    `${'(a{9}'.repeat(4)}${'){9}'.repeat(4)}`,
  ])('rejects the pattern %s, which would take long to match', (pattern) => {
    expect(parseSigner(`sigstore(identityMatch=regex)::https://a.example::${pattern}`)).toMatchObject({
      message: expect.stringContaining('too large a regular expression'),
      hint: expect.stringContaining('1000 characters'),
    });
  });

  it('takes patterns as people write them, and matches no identity of megabytes', () => {
    const pattern = String.raw`https://github\.com/acme/[a-z-]{1,40}/\.github/workflows/(release|build)\.ya?ml@refs/(heads|tags)/.*`;
    const signer = parseSigner(`sigstore(identityMatch=regex)::https://a.example::${pattern}`);
    if (!('value' in signer)) throw new Error(signer.message);
    const subject = 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1';
    const issuer = 'https://a.example';
    expect(signer.value.matches({ issuer, subject })).toBe(true);
    expect(signer.value.matches({ issuer, subject: subject + 'x'.repeat(4_000_000) })).toBe(false);
  });
});

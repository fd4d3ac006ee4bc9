import { describe, expect, it } from 'vitest';
import { parseSigner, SIGNER_FORM } from './signer.ts';

const ISSUER = 'https://accounts.google.com';
const GLOBBED = 'https://github.com/acme/app/b.yml@refs/tags/v1';
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

  it.each([
    ['sigstore(regexp)::https://.*::.*@b\\.example', 'https://i.example', 'a@b.example', true],
    ['sigstore(regexp)::https://.*::.*@b\\.example', 'http://i.example', 'a@b.example', false],
    ['sigstore(regexp)::https://.*::.*@b\\.example', 'https://i.example', 'a@bxexample', false],
    ['sigstore(regexp=)::i::a|b', 'i', 'b', true],
    ['sigstore(regexp)::i|j::a', 'ix', 'a', false],
    ['sigstore(issuerMatch=regex)::https://.*::user@x', 'https://i', 'user@x', true],
    ['sigstore(issuerMatch=regex)::https://.*::u.er@x', 'https://i', 'user@x', false],
    ['sigstore(issuerMatch=exact)::i::a', 'i', 'a', true],
    ['sigstore(issuerMatch=prefix,identityMatch=prefix)::https://i::a', 'https://i.example', 'abc', true],
    ['sigstore(issuerMatch=prefix,identityMatch=prefix)::https://i::a', 'http://i.example', 'abc', false],
    ['sigstore(identityMatch=prefix)::i::A', 'i', 'abc', false],
    ['sigstore(identityMatch=prefix/i)::i::A', 'i', 'abc', true],
    ['sigstore(identityMatch=exact/i)::i::A@B.example', 'i', 'a@b.Example', true],
    ['sigstore(identityMatch=exact/i)::i::A@B.example', 'i', 'a@b.example.evil', false],
    ['sigstore(identityMatch=exact/)::i::A', 'i', 'a', false],
    ['sigstore(identityMatch=regex/i)::i::a[b-d]+', 'i', 'ABCD', true],
    ['sigstore(identityMatch=regex)::i::a[b-d]+', 'i', 'ABCD', false],
    ['sigstore(identityMatch=regex/i)::i::a|ab', 'i', 'ABc', false],
    ['sigstore(identityMatch=glob)::i::https://github.com/acme/*/b.yml@refs/tags/v*', 'i', GLOBBED, true],
    ['sigstore(identityMatch=glob)::i::https://github.com/*@refs/tags/v*', 'i', GLOBBED, false],
    ['sigstore(identityMatch=glob)::i::https://github.com/ACME/*/b.yml@refs/tags/v*', 'i', GLOBBED, false],
    ['sigstore(identityMatch=glob/i)::i::https://github.com/ACME/*/b.yml@refs/tags/v*', 'i', GLOBBED, true],
    ['sigstore(identityMatch=glob)::i::[ab]?c', 'i', 'bxc', true],
    ['sigstore(identityMatch=glob)::i::[ab]?c', 'i', 'b/c', false],
    ['sigstore( issuerMatch = exact , identityMatch = glob )::i::a*', 'i', 'abc', true],
    ['sigstore(identityMatch=glob,issuerMatch=exact)::i::a*', 'I', 'abc', false],
    ['sigstore(regexp,identityMatch=exact)::i.::a.', 'ij', 'ab', false],
    ['sigstore(identityMatch=exact,regexp)::i.::a.', 'ij', 'a.', true],
    ['sigstore::i::(a)', 'i', '(a)', true],
  ])('holds %s against the issuer %s and %s: %s', (text, issuer, subject, expected) => {
    expect(matches(text, subject, issuer)).toBe(expected);
    expect(text).toMatch(new RegExp(SIGNER_FORM));
  });

  it('suggests nothing that trusts more than what was written', () => {
    for (const text of ['sigstore(identityMatch=exat)::a::b', 'sigstore(identiyMatch=exact)::a::b', 'sigstor::a::b']) {
      const parsed = parseSigner(text);
      if ('value' in parsed) throw new Error('it was taken');
      expect(parsed.hint).toMatch(/exact|issuerMatch or identityMatch/);
      expect(parsed.hint).not.toMatch(/^write [^;]*(?:regex|glob|prefix)[^,;]*;/);
    }
  });

  it('takes the issuer literally, also beside a pattern', () => {
    const text = 'sigstore(identityMatch=regex)::https://a.example::.*';
    expect(matches(text, 'anybody', 'https://a.example')).toBe(true);
    expect(matches(text, 'anybody', 'https://aXexample')).toBe(false);
  });

  it.each([
    ['a@b.example', 'is not a signer'],
    ['key::abc', 'is not a signer'],
    ['spiffe://a.example/b', 'is not a signer'],
    ['ref:shared', 'is not a signer'],
    ['key(idMatch=glob)::rsa::a*', 'is not a signer'],
    ['Sigstore::x::y', 'is not a signer'],
    ['sigstore (regexp)::x::y', 'is not a signer'],
    ['sigstore(issuerMatch=exact::a::b', 'is not a signer'],
    ['sigstore(issuerMatch=exact):a::b', 'is not a signer'],
    ['sigstore()::a::b', 'unknown annotation ""'],
    ['sigstore(regexp,)::a::b', 'unknown annotation ""'],
    ['sigstore(weirdMatch=exact)::a::b', 'unknown annotation "weirdMatch"'],
    ['sigstore(identitymatch=exact)::a::b', 'unknown annotation "identitymatch"'],
    ['sigstore(regex)::a::b', 'unknown annotation "regex"'],
    ['sigstore(issuerMatch=fuzzy)::a::b', 'compares by "fuzzy"'],
    ['sigstore(issuerMatch=Exact)::a::b', 'compares by "Exact"'],
    ['sigstore(issuerMatch)::a::b', 'compares by ""'],
    ['sigstore(issuerMatch=exact/x)::a::b', 'compares by "exact/x"'],
    ['sigstore(issuerMatch=exact/I)::a::b', 'compares by "exact/I"'],
    ['sigstore(regexp=yes)::a::b', 'compares by "yes"'],
    ['sigstore(identityMatch=regex,identityMatch=exact)::a::b', 'identityMatch twice'],
    ['sigstore(issuerMatch=exact)::only', 'no identity'],
    ['sigstore(issuerMatch=exact)::https://accounts.google.com::', 'no identity'],
    ['sigstore(identityMatch=prefix)::::a', 'no issuer'],
    ['sigstore(identityMatch=exact)::a::b::c', '"::" in its issuer or identity'],
    ['sigstore(issuerMatch=regex)::(::b', 'not a regular expression'],
    ['sigstore(regexp)::a::(', 'not a regular expression'],
    ['sigstore(regexp)::a)|(b::c', 'not a regular expression'],
    ['sigstore(identityMatch=glob)::a::[b', 'not a pattern'],
    ['sigstore(issuerMatch=glob/i)::[::b', 'not a pattern'],
    ['sigstore::', 'no issuer'],
    ['sigstore::::a@b.example', 'no issuer'],
    [`sigstore::${ISSUER}`, 'no identity'],
    [`sigstore::${ISSUER}:: `, 'no identity'],
    [`sigstore(identityMatch=regex)::${ISSUER}::(`, 'not a regular expression'],
    [`sigstore(identityMatch=regex)::${ISSUER}::a(?=b)`, 'not a regular expression'],
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

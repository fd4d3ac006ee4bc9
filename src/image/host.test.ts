import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalHost, hostInUrl, hostPatternProblem, hostProblem, isUnmistakable, plainForm } from './host.ts';

const L63 = 'a'.repeat(63);

const GOOD = [
  'gcr.io',
  'GCR.io:443',
  'localhost:1',
  'localhost:65535',
  'xn--bcher-kva.example',
  'a-b.c1.example',
  '127.0.0.1:5000',
  '255.255.255.255',
  '[::1]:5000',
  '[2001:db8::8:800:200c:417a]',
  `${L63}.${L63}.${L63}.${'a'.repeat(61)}`,
];

const BAD: readonly (readonly [host: string, problem: string])[] = [
  ['', 'it is empty'],
  ['localhost:70000', 'a port is a number from 1 to 65535, not "70000"'],
  ['localhost:0', 'a port is a number'],
  ['localhost:080', 'a port is a number'],
  ['localhost:', 'a port is a number'],
  ['localhost:5000:1', 'a port is a number'],
  ['256.1.1.1', 'an IPv4 address is four numbers'],
  ['1.2.3', 'an IPv4 address is four numbers'],
  ['127.1', 'an IPv4 address is four numbers'],
  ['0x7f.1', 'an IPv4 address is four numbers'],
  ['0x7f000001', 'an IPv4 address is four numbers'],
  ['1.2.3.0x4', 'an IPv4 address is four numbers'],
  ['2130706433', 'an IPv4 address is four numbers'],
  ['127.0.0.01', 'an IPv4 address is four numbers'],
  ['1.2.3.4.5', 'an IPv4 address is four numbers'],
  ['registry.example.7', 'an IPv4 address is four numbers'],
  [`${L63}a.example`, 'at most 63 characters'],
  [`${L63}.${L63}.${L63}.${'a'.repeat(62)}`, 'at most 253 characters'],
  ['a..b', 'a part between dots is empty'],
  ['.a', 'a part between dots is empty'],
  ['gcr.io.', 'must not end with "."'],
  ['my_registry.example', 'no "_"'],
  ['-a.example', 'neither begins nor ends with "-"'],
  ['a-.example', 'neither begins nor ends with "-"'],
  ['a b', 'letters, digits'],
  ['bücher.example', 'letters, digits'],
  ['user@gcr.io', 'letters, digits'],
  ['[::1', 'a port'],
  ['[]', 'eight groups'],
  ['[1::2::3]', 'eight groups'],
  ['[12345::]', 'eight groups'],
  ['[fe80::1%eth0]', 'eight groups'],
  ['[::1]x', 'a port'],
  ['::1', 'a port'],
];

describe('src/image/host', () => {
  it.each(GOOD)('accepts %s', (host) => {
    expect(hostProblem(host)).toBeUndefined();
    expect(hostPatternProblem(host)).toBeUndefined();
  });

  it.each(BAD)('rejects %j: %s', (host, problem) => {
    expect(hostProblem(host)).toContain(problem);
    expect(hostPatternProblem(host)).toBe(hostProblem(host));
  });

  it('accepts only hosts that a URL keeps unchanged', () => {
    const label = fc.stringMatching(/^[a-cn0-9xX-]{1,8}$/);
    const name = fc.array(fc.oneof(label, fc.nat(300).map(String)), { minLength: 1, maxLength: 5 });
    const port = fc.oneof(
      fc.constant(''),
      fc.nat(99_999).map((number) => `:${number}`),
    );
    const kept = fc.check(
      fc.property(name, port, (labels, suffix) => {
        const host = labels.join('.') + suffix;
        const url = URL.parse(`http://${host}/v2/`);
        return hostProblem(host) !== undefined || url?.hostname === labels.join('.').toLowerCase();
      }),
      { numRuns: 2000 },
    );
    expect(kept.counterexample).toBeNull();
  });

  it.each(['*.pkg.dev', '**', '*', 'us-*.pkg.dev', '10.0.*.*', '10.*.1', 'localhost:*', 'localhost:5*', '[::*]:5000'])(
    'accepts the pattern %s',
    (pattern) => {
      expect(hostPatternProblem(pattern)).toBeUndefined();
    },
  );

  it.each(['*.', '.*', '*..dev', '*_a.dev', '*:70000', '*:a*', '-*.dev', '*.dev:'])(
    'rejects the pattern %s, which no host can match',
    (pattern) => {
      expect(hostPatternProblem(pattern)).toBeDefined();
    },
  );

  it.each([
    ['redis://user:p@ss@1.2.3:6379/0', '1.2.3:6379'],
    ['https://rekor.example/a@b', 'rekor.example'],
    ['https://[::1]:3000?x', '[::1]:3000'],
    ['no address', ''],
  ])('returns the host of %s as it is written', (url, host) => {
    expect(hostInUrl(url)).toBe(host);
  });

  it('distinguishes hosts from organisations of Docker Hub', () => {
    expect(['gcr.io', 'localhost', 'LOCALHOST', 'registry:5000', '[::1]'].every(isUnmistakable)).toBe(true);
    expect(['myorg', 'library'].some(isUnmistakable)).toBe(false);
  });
});

describe('src/image/host, of spellings', () => {
  it.each([
    ['LOCALHOST:5000', 'localhost:5000'],
    ['GCR.io', 'gcr.io'],
    ['gcr.io:443', 'gcr.io'],
    ['gcr.io:80', 'gcr.io:80'],
    ['registry:443', 'registry:443'],
    ['127.0.0.1:80', '127.0.0.1'],
    ['127.0.0.1:443', '127.0.0.1:443'],
    ['localhost:80', 'localhost'],
    ['[0:0:0:0:0:0:0:1]:80', '[::1]'],
    ['[2001:DB8:0::1]:443', '[2001:db8::1]'],
    ['*.PKG.dev:443', '*.pkg.dev'],
  ])('returns one canonical spelling for %s', (host, expected) => {
    expect(canonicalHost(host)).toBe(expected);
    expect(canonicalHost(expected)).toBe(expected);
  });

  it.each([
    ['127.1', '127.0.0.1'],
    ['127.1:5000', '127.0.0.1:5000'],
    ['0x7f000001', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['0177.0.0.1', '127.0.0.1'],
    ['GCR.io.', 'gcr.io'],
    ['127.0.0.1.', '127.0.0.1'],
    ['a..b', undefined],
    ['999.1', undefined],
    ['gcr.io', undefined],
  ])('returns the usual spelling of %s', (host, expected) => {
    expect(plainForm(host)).toBe(expected);
  });

  it('leaves a canonical host unchanged', () => {
    const part = fc.constantFrom(
      'a',
      'A',
      '-',
      '.',
      '1',
      '127',
      '0x7f',
      'localhost',
      ':443',
      ':80',
      ':',
      '[',
      ']',
      '::',
    );
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
        (host) => {
          if (hostProblem(host) !== undefined) return;
          const known = canonicalHost(host);
          expect(hostProblem(known)).toBeUndefined();
          expect([canonicalHost(known), canonicalHost(host.toUpperCase())]).toEqual([known, known]);
          // both are reached at the same address
          const scheme = /^(?:127\.|localhost|\[::1\])|\.localhost(?::|$)/.test(known) ? 'http' : 'https';
          expect(new URL(`${scheme}://${host}`).href).toBe(new URL(`${scheme}://${known}`).href);
        },
      ),
      { seed: 20261130, numRuns: 5000 },
    );
  });
});

import fc from 'fast-check';

/** What a hostile registry puts into headers and error texts: pieces that parsers look for, and any character. */
const PIECES = [
  ...Array.from('<>[](){}"\'\\=,;:/@#?%&.-_ \t'),
  'Bearer ',
  'Basic ',
  'Negotiate YII=',
  'realm="',
  'realm=',
  'service="s"',
  'scope="repository:a:pull"',
  'error="invalid_token"',
  'rel="next"',
  'rel=next',
  '</v2/a/tags/list?n=1>; ',
  '//host.example/',
  'https://',
  'http://me:secret@127.0.0.1:9/',
  'data:,x',
  'javascript:0',
  'eyJ',
  'token=',
  '<title',
  '-----BEGIN PRIVATE KEY-----',
  '%00',
  '%ff',
  '\u0000',
  '\u202e',
  '\ud800',
  'é',
] as const;

/** A header value, or a text, of such pieces. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...PIECES) }, fc.string({ maxLength: 4 })), { maxLength: 40 })
  .map((pieces) => pieces.join(''));

/** What HTTP itself lets pass: visible ASCII, spaces and tabs, and bytes from 0x80. */
export const hostileHeader: fc.Arbitrary<string> = hostileText.map((text) =>
  text.replaceAll(/[^\t\u0020-\u007e\u0080-\u00ff]/g, '').trim(),
);

/** Challenges that begin as real ones do. */
export const hostileChallenge: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom('Bearer ', 'Basic ', 'Bearer realm="https://a.example/t",', ''), hostileHeader)
  .map((parts) => parts.join(''));

/** `Link` headers that begin as real ones do. */
export const hostileLink: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('<', '</v2/_catalog?last=', '', '<https:'),
    hostileHeader,
    fc.constantFrom('>; rel="next"', '>;', ''),
  )
  .map((parts) => parts.join(''));

/** Addresses of redirects and uploads. */
export const hostileLocation: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('', '/', '//', '///', 'http://', 'https://', '/v2/', '?', '#', 'file:///', 'http://[', '\\\\'),
    hostileHeader,
  )
  .map((parts) => parts.join(''));

/** Of each piece as much as fits: what tries again from each place would take hours. */
export function longTexts(length: number): readonly string[] {
  const units = [...PIECES, '//a', '</', 'a=', 'a,', 'a ', 'eyJ-', 'eyJ.', 'token-', 'a-', '1', '1.', '/', '@', 'x'];
  return units.flatMap((unit) => ['', '>', 'x'].map((end) => unit.repeat(Math.ceil(length / unit.length)) + end));
}

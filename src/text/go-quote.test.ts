import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goQuote } from './go-quote.ts';

describe('src/text/go-quote.ts', () => {
  it.each([
    ['plain text', '"plain text"'],
    ['a "quoted" \\ word', '"a \\"quoted\\" \\\\ word"'],
    ['line\nline\r\ttab', '"line\\nline\\r\\ttab"'],
    ['\x1b[31mred\x07\x00\x7f', '"\\x1b[31mred\\a\\x00\\x7f"'],
    ['é 日本 😀', '"é 日本 😀"'],
    ['\u202eevil\u00a0\u0085', '"\\u202eevil\\u00a0\\u0085"'],
    ['\u{e0001}', '"\\U000e0001"'],
    ['##[error] a ##[b', '"#\\x23[error] a #\\x23[b"'],
    ['\u{e0101}', '"\\U000e0101"'],
  ])('quotes %j as Go does', (text, expected) => {
    expect(goQuote(text)).toBe(expected);
  });

  it('contains no control character, and loses no text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const quoted = goQuote(text);
        expect(quoted).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
        expect(unquote(quoted)).toBe(text);
      }),
    );
  });
});

function unquote(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(/\\(?:x(..)|u(....)|U(.{8})|(.))/gs, (_, x: string, u: string, long: string, short: string) => {
      const hex = x ?? u ?? long;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      return { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }[short] ?? short;
    });
}

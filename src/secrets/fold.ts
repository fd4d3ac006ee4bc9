/** A text without escapes. The byte `at` of `bytes` comes from the characters `starts[at]` to `starts[at + 1]`. */
export type Folded = { readonly bytes: Uint8Array; readonly starts: Int32Array; readonly length: number };

/** Maximum number of bytes for one UTF-16 code unit. */
const MOST_BYTES = 3;

const [PLUS, SLASH, PERCENT, AMPERSAND, BACKSLASH] = [0x2b, 0x2f, 0x25, 0x26, 0x5c];

/** One escape or character: its end, and its code or byte; `value` is undefined if it represents nothing. */
type Unit = { readonly end: number; readonly value?: number; readonly isByte?: boolean };

/**
 * Class of each character. Both alphabets of base64 are one, and a space equals a plus, as in forms. Zero: the
 * character starts an escape.
 */
const CLASSES = new Uint8Array(0x80).map((_, code) => {
  const character = String.fromCharCode(code);
  if ('%&\\'.includes(character)) return 0;
  if (' \t-'.includes(character)) return PLUS;
  return character === '_' ? SLASH : Math.max(code, 1);
});

/** Invisible characters that outputs insert to make a text harmless. */
const INVISIBLE: ReadonlySet<number> = new Set([0x200b, 0x200c, 0x200d, 0x2060, 0xfeff]);

/**
 * Returns a function that removes the escapes of a text of at most `longest` characters: percent-encoding, backslashes
 * with `\uXXXX`, and HTML entities, at any depth. A text and its escaped forms become the same bytes. The next call
 * overwrites them.
 */
export function folding(longest: number): (text: string) => Folded {
  const bytes = new Uint8Array(longest * MOST_BYTES);
  const starts = new Int32Array(longest * MOST_BYTES + 1);
  return (text) => {
    let length = 0;
    let at = 0;
    const put = (byte: number): void => {
      bytes[length] = byte;
      starts[length] = at;
      length += 1;
    };
    while (at < text.length) {
      const code = text.charCodeAt(at);
      const plain = code < 0x80 ? (CLASSES[code] ?? 0) : 0;
      if (plain !== 0) {
        put(plain);
        at += 1;
        continue;
      }
      const { end, value, isByte = false } = unitAt(text, at, code);
      if (value !== undefined) putUnit(value, isByte, put);
      at = end;
    }
    starts[length] = text.length;
    return { bytes, starts, length };
  };
}

function putUnit(value: number, isByte: boolean, put: (byte: number) => void): void {
  if (value < 0x80) return value === BACKSLASH ? undefined : put(CLASSES[value] || value);
  if (isByte) return put(value);
  if (INVISIBLE.has(value)) return;
  if (value < 0x800) put(0xc0 | (value >> 6));
  else {
    put(0xe0 | ((value >> 12) & 0xf));
    put(0x80 | ((value >> 6) & 0x3f));
  }
  put(0x80 | (value & 0x3f));
}

function unitAt(text: string, at: number, code: number): Unit {
  if (code === PERCENT) return percentAt(text, at);
  if (code === AMPERSAND) return entityAt(text, at);
  if (code === BACKSLASH) return backslashesAt(text, at);
  return { end: at + 1, value: code };
}

function percentAt(text: string, at: number): Unit {
  const next = after(text, at + 1, '25');
  const byte = hexAt(text, next, 2);
  return byte === undefined ? { end: next, value: PERCENT } : { end: next + 2, value: byte, isByte: true };
}

function backslashesAt(text: string, at: number): Unit {
  const next = after(text, at, '\\');
  const digits = text[next] === 'u' ? 4 : text[next] === 'U' ? 8 : 0;
  const escaped = digits === 0 ? undefined : hexAt(text, next + 1, digits);
  if (escaped !== undefined) return { end: next + 1 + digits, value: escaped };
  const code = text.charCodeAt(next);
  // The next characters may be another escape.
  return Number.isNaN(code) || code === PERCENT || code === AMPERSAND ? { end: next } : { end: next + 1, value: code };
}

const ENTITIES: Readonly<Record<string, number>> = { 'lt;': 0x3c, 'gt;': 0x3e, 'quot;': 0x22, 'apos;': 0x27 };

function entityAt(text: string, at: number): Unit {
  const next = after(text, at + 1, 'amp;');
  for (const [name, value] of Object.entries(ENTITIES))
    if (text.startsWith(name, next)) return { end: next + name.length, value };
  const [written = '', hex, decimal] = /^#(?:x([0-9a-f]{1,6})|([0-9]{1,7}));/i.exec(text.slice(next, next + 10)) ?? [];
  if (written === '') return { end: next, value: AMPERSAND };
  return { end: next + written.length, value: hex === undefined ? Number(decimal) : Number.parseInt(hex, 16) };
}

/** Returns the position after all repetitions of a part. */
function after(text: string, from: number, part: string): number {
  let at = from;
  while (text.startsWith(part, at)) at += part.length;
  return at;
}

function hexAt(text: string, at: number, digits: number): number | undefined {
  let value = 0;
  for (let index = at; index < at + digits; index += 1) {
    const digit = digitOf(text.charCodeAt(index));
    if (digit === undefined) return undefined;
    value = value * 16 + digit;
  }
  return value;
}

function digitOf(code: number): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : undefined;
}

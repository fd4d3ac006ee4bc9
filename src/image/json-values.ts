/**
 * The most values that a manifest may have: one of 4 MiB, as large as any may be, names 30,000 layers of four values each.
 * Many more take a hundred times the bytes of the text, and most of a second, to be parsed.
 */
const MOST_VALUES = 400_000;

const [COMMA, COLON, OPEN_LIST, OPEN_OBJECT] = [0x2c, 0x3a, 0x5b, 0x7b];

/** Whether JSON has more values than any manifest needs, found out without parsing it; marks within texts count, too. */
export function hasTooManyValues(bytes: Uint8Array): boolean {
  if (bytes.length <= MOST_VALUES) return false;
  let values = 0;
  for (const byte of bytes) {
    if (byte === COMMA || byte === COLON || byte === OPEN_LIST || byte === OPEN_OBJECT) values += 1;
    if (values > MOST_VALUES) return true;
  }
  return false;
}

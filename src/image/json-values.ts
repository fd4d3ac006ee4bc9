/**
 * Maximum number of values in a manifest: one of 4 MiB, the largest size, has 30,000 layers of four values each.
 * Parsing far more takes a hundred times the memory of the text, and most of a second.
 */
const MOST_VALUES = 400_000;

const [COMMA, COLON, OPEN_LIST, OPEN_OBJECT] = [0x2c, 0x3a, 0x5b, 0x7b];

/**
 * Returns true if JSON has more values than any manifest needs, without parsing it; punctuation within strings counts
 * as well.
 */
export function hasTooManyValues(bytes: Uint8Array): boolean {
  if (bytes.length <= MOST_VALUES) return false;
  let values = 0;
  for (const byte of bytes) {
    if (byte === COMMA || byte === COLON || byte === OPEN_LIST || byte === OPEN_OBJECT) values += 1;
    if (values > MOST_VALUES) return true;
  }
  return false;
}

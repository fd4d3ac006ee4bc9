/** Length of the shortest sequence that is searched for, in bytes. */
export const WINDOW = 6;

/** One sequence of bytes. `anchor` is the offset of the window by which it is found. */
type Sequence<T> = { readonly bytes: Uint8Array; readonly anchor: number; readonly value: T };

/** Finds known sequences in bytes, in linear time, however many sequences are known. */
export type Windows<T> = {
  add(bytes: Uint8Array, value: T): void;
  remove(bytes: Uint8Array): void;
  /** Calls `found` for each occurrence of each sequence, in any order. */
  find(bytes: Uint8Array, length: number, found: (start: number, end: number, value: T) => void): void;
};

// Any odd multiplier with bits in all places spreads; this is Knuth's, 2^32 divided by the golden ratio.
const FACTOR = 0x9e3779b1;
/** The factor of the first byte of a window when it leaves. */
const LEAVING = Array.from({ length: WINDOW - 1 }).reduce<number>((power) => Math.imul(power, FACTOR), 1);
/** The upper bits of a hash, which exclude most windows: 64 KiB fit into a processor's cache. */
const SHIFT = 16;

/** Starts empty. Each sequence is searched for by one of its windows that few others share (Rabin and Karp). */
export function windows<T>(): Windows<T> {
  const buckets = new Map<number, Sequence<T>[]>();
  const known = new Uint8Array(1 << (32 - SHIFT));
  return {
    add: (bytes, value) => {
      const anchor = anchorIn(bytes, (at) => buckets.get(hashAt(bytes, at))?.length ?? 0);
      const hash = hashAt(bytes, anchor);
      const bucket = buckets.get(hash);
      known[hash >>> SHIFT] = 1;
      if (bucket === undefined) buckets.set(hash, [{ bytes, anchor, value }]);
      else bucket.push({ bytes, anchor, value });
    },
    remove: (bytes) => {
      for (const anchor of anchorsOf(bytes)) {
        const hash = hashAt(bytes, anchor);
        const bucket = buckets.get(hash) ?? [];
        const rest = bucket.filter((one) => Buffer.compare(one.bytes, bytes) !== 0);
        if (rest.length === bucket.length) continue;
        if (rest.length > 0) buckets.set(hash, rest);
        else buckets.delete(hash);
        return;
      }
    },
    find: (bytes, length, found) => {
      let hash = 0;
      for (let end = 0; end < length; end += 1) {
        if (end >= WINDOW) hash = (hash - Math.imul(bytes[end - WINDOW] ?? 0, LEAVING)) | 0;
        hash = (Math.imul(hash, FACTOR) + (bytes[end] ?? 0)) | 0;
        if (end < WINDOW - 1 || known[hash >>> SHIFT] === 0) continue;
        for (const one of buckets.get(hash) ?? []) {
          const start = end + 1 - WINDOW - one.anchor;
          if (isEqual(one.bytes, bytes, start, length)) found(start, start + one.bytes.length, one.value);
        }
      }
    },
  };
}

function hashAt(bytes: Uint8Array, at: number): number {
  let hash = 0;
  for (let index = at; index < at + WINDOW; index += 1) hash = (Math.imul(hash, FACTOR) + (bytes[index] ?? 0)) | 0;
  return hash;
}

/** With more sequences that share a window, each occurrence of it gets slow. */
const MOST_SHARED = 8;
/** Number of offsets that are tried first. */
const PREFERRED = 5;

/** Tokens of one issuer have the same prefix, and padding the same end: tries spread offsets, then all others. */
function* anchorsOf({ length }: Uint8Array): Generator<number> {
  const last = length - WINDOW;
  yield* [last, 0, last >> 1, last >> 2, last - (last >> 2)];
  for (let at = 0; at <= last; at += 1) yield at;
}

/** Returns the first window that few sequences share, else the one that the fewest share. */
function anchorIn(bytes: Uint8Array, sharing: (anchor: number) => number): number {
  let [best, fewest] = [0, Number.POSITIVE_INFINITY];
  let tried = 0;
  for (const anchor of anchorsOf(bytes)) {
    const count = sharing(anchor);
    if (count < fewest) [best, fewest] = [anchor, count];
    tried += 1;
    if (fewest === 0 || (tried >= PREFERRED && fewest < MOST_SHARED)) break;
  }
  return best;
}

function isEqual(sequence: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (start < 0 || start + sequence.length > length) return false;
  return Buffer.compare(sequence, bytes.subarray(start, start + sequence.length)) === 0;
}

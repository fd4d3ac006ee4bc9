import { createHash, type Hash } from 'node:crypto';
import { algorithmOf, type Digest } from '../../image/digest.ts';

/** What is known of the bytes before an offset: enough to check a whole blob of which only the rest is read. */
export type HashMark = { readonly offset: number; readonly hash: Hash };

/** The marks of one blob, left by whoever reads it. */
export type HashMarks = {
  /** Leaves a mark where enough has come since the last one. */
  pass(offset: number, hash: Hash): void;
  /** The last mark at or before an offset, to be read on from; the blob's beginning where there is none. */
  before(offset: number): HashMark;
};

/** What is read once more because it lies between two marks; a mark is some hundred bytes. */
const MARK_EVERY = 1024 * 1024;

/** Marks along a blob of this digest. */
export function hashMarks(digest: Digest): HashMarks {
  const marks: HashMark[] = [];
  return {
    pass: (offset, hash) => {
      if (offset - (marks.at(-1)?.offset ?? 0) >= MARK_EVERY) marks.push({ offset, hash: hash.copy() });
    },
    before: (offset) => {
      const mark = marks.findLast((known) => known.offset <= offset);
      if (mark === undefined) return { offset: 0, hash: createHash(algorithmOf(digest)) };
      return { offset: mark.offset, hash: mark.hash.copy() };
    },
  };
}

import { createHash, type Hash } from 'node:crypto';
import { algorithmOf, type Digest } from '../../image/digest.ts';

/** The hash state at an offset: enough to verify a whole blob by reading only the rest. */
type HashCheckpoint = { readonly offset: number; readonly hash: Hash };

/** The checkpoints of one blob, recorded while it is read. */
export type HashCheckpoints = {
  /** Records a checkpoint if enough bytes have come since the last one. */
  pass(offset: number, hash: Hash): void;
  /** Returns the last checkpoint at or before an offset; the beginning of the blob if there is none. */
  before(offset: number): HashCheckpoint;
};

/** Distance of checkpoints in bytes, which is what may be read again; a checkpoint takes some hundred bytes. */
const MARK_EVERY = 1024 * 1024;

/** Creates the checkpoints of a blob with this digest. */
export function hashCheckpoints(digest: Digest): HashCheckpoints {
  const marks: HashCheckpoint[] = [];
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

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../image/digest.ts';
import { hashCheckpoints } from './hash-checkpoints.ts';

const PIECE = Buffer.alloc(700_000, 'piece');
const WHOLE = Buffer.concat(Array<Buffer>(4).fill(PIECE));

describe('src/registry/distribution/hash-checkpoints', () => {
  it('returns the hash state of the last checkpoint before an offset', () => {
    const marks = hashCheckpoints(digestOf(WHOLE));
    const hash = createHash('sha256');
    for (let offset = PIECE.length; offset <= WHOLE.length; offset += PIECE.length) {
      hash.update(PIECE);
      marks.pass(offset, hash);
    }
    // A mark is left after 1.4 MB and 2.8 MB: each MiB, but between chunks only.
    for (const [asked, at] of [
      [0, 0],
      [1_399_999, 0],
      [1_400_000, 1_400_000],
      [2_799_999, 1_400_000],
      [2_800_000, 2_800_000],
    ] as const) {
      const mark = marks.before(asked);
      expect(mark.offset).toBe(at);
      expect(`sha256:${mark.hash.update(WHOLE.subarray(at)).digest('hex')}`).toBe(digestOf(WHOLE));
    }
  });

  it('returns the same checkpoint several times', () => {
    const marks = hashCheckpoints(digestOf(WHOLE));
    marks.pass(PIECE.length * 2, createHash('sha256').update(PIECE).update(PIECE));
    const digests = [1, 2].map(() => marks.before(WHOLE.length).hash.digest('hex'));
    expect(digests[0]).toBe(digests[1]);
  });
});

import { createHash } from 'node:crypto';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import type { BlobContent } from '../memory-registry/store.ts';

/** Large enough that a GiB is 16,384 chunks, small enough to throttle by. */
const BLOCK = 64 * 1024;

/** Content of any size that is the same for the same seed and is never held in memory as a whole. */
export function seededBlob(size: number, seed: number): BlobContent {
  const block = pseudoRandom(BLOCK, seed);
  return {
    size,
    *chunks(start, end) {
      for (let index = Math.floor(start / BLOCK); index * BLOCK < end; index++) {
        // A copy: chunks are still in flight when the next one is made. Stamped, so that no two blocks are alike.
        const chunk = Buffer.from(block);
        chunk.writeUInt32LE(index, 0);
        yield chunk.subarray(Math.max(0, start - index * BLOCK), Math.min(BLOCK, end - index * BLOCK));
      }
    },
  };
}

/** The bytes of `seededBlob`, for sizes that fit in memory. */
export function seededBytes(size: number, seed: number): Uint8Array {
  return Buffer.concat([...(seededBlob(size, seed).chunks?.(0, size) ?? [])]);
}

/** Digest and size of a content, read once. */
export function describeBlob(content: BlobContent, mediaType = 'application/octet-stream'): Descriptor {
  const hash = createHash('sha256');
  for (const chunk of content.chunks?.(0, content.size) ?? []) hash.update(chunk);
  return { mediaType, digest: `sha256:${hash.digest('hex')}`, size: content.size };
}

// Mulberry32: short, and the same on every machine.
function pseudoRandom(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed | 0;
  for (let offset = 0; offset < size; offset += 4) {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    bytes.writeUInt32LE((mixed ^ (mixed >>> 14)) >>> 0, offset);
  }
  return bytes;
}

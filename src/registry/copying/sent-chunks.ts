/** A chunk of a blob, and the number of readers that have not passed it on yet. */
export type Chunk = { readonly bytes: Uint8Array; readers: number };

/** The chunks that one reader has passed on to its socket. */
export type SentChunks = {
  /** Records that the reader asked for more after this chunk. Frees the memory of chunks that all readers have sent. */
  add(chunk: Chunk): void;
};

/**
 * Bytes that a socket may still hold when its request asks for more. undici waits until a socket is empty as soon as
 * it holds 64 KiB (the `highWaterMark` of its connector), so an earlier chunk is with the kernel. Four times that, in
 * case the limit grows.
 */
const IN_SOCKET = 256 * 1024;

/**
 * Frees chunks explicitly, since each read of a socket is a buffer of its own: left to the garbage collector, 40 MiB of
 * them start a collection of the whole heap.
 */
export function sentChunks(): SentChunks {
  const chunks: Chunk[] = [];
  let size = 0;
  return {
    add: (chunk) => {
      chunks.push(chunk);
      size += chunk.bytes.length;
      while (size >= IN_SOCKET) {
        const first = chunks.shift();
        if (first === undefined) return;
        size -= first.bytes.length;
        first.readers -= 1;
        if (first.readers === 0) free(first.bytes);
      }
    },
  };
}

/** Yields the chunks to one reader and frees those that it has sent. */
export async function* freeing(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const sent = sentChunks();
  for await (const bytes of source) {
    yield bytes;
    sent.add({ bytes, readers: 1 });
  }
}

/** Detaches the memory of a chunk, so that a late reader gets no bytes instead of other ones. Parts of a buffer stay. */
function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

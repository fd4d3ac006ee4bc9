import { isPromotionError } from '../../errors.ts';
import type { Descriptor } from '../../image/descriptor.ts';

/**
 * Reads a blob into memory. If it does not match its descriptor, it is read once more before it is reported as damaged.
 */
export async function wholeBlob({ size }: Descriptor, open: () => AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  try {
    return await collect(open(), size);
  } catch (error) {
    if (!isPromotionError(error, 'DIGEST_MISMATCH')) throw error;
    return collect(open(), size);
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let offset = 0;
  for await (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

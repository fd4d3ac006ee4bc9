import { z } from 'zod';
import { isDigest, type Digest } from './digest.ts';

/** What bytes say as JSON; undefined when they are none. */
export function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** A list in foreign JSON; Go programs write null for an empty one, or leave it out. */
export function listJson<T extends z.ZodType>(item: T): z.ZodType<z.output<T>[]> {
  return z
    .array(item)
    .nullish()
    .transform((list) => list ?? []);
}

/** A digest in foreign JSON. */
export const digestJson = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));

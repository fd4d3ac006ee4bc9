import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { InventoryEntries } from './entry.ts';

/** Changes if an entry gets another meaning. */
const VERSION = 1;

/** A digest as `believed/wanted-set.ts` writes it, or null. */
const Digest = z
  .string()
  .regex(/^[\w-]{43}$/)
  .nullable();

/** A repository, the time of its reading in Unix milliseconds, the digest of its listing, and that of its wanted set. */
const Entry = z.tuple([z.string().min(1).max(512), z.int().nonnegative(), Digest, Digest]);

const InventoryFile = z.strictObject({
  version: z.literal(VERSION),
  scope: z.string(),
  entries: z.array(z.unknown()),
  sum: z.string(),
});

/** Returns the file; `scope` names the settings with which the repositories were reached. */
export function inventoryFile(entries: InventoryEntries, scope: string): Uint8Array {
  const rows = [...entries].map(([repository, { at, listed, satisfied }]): z.output<typeof Entry> => [
    repository,
    Math.floor(at),
    listed ?? null,
    satisfied ?? null,
  ]);
  return Buffer.from(`${JSON.stringify({ version: VERSION, scope, entries: rows, sum: sumOf(scope, rows) })}\n`);
}

/** Reads a file; returns why it is not used if it is damaged, of another version, or of other settings. */
export function readInventoryFile(bytes: Uint8Array, scope: string): InventoryEntries | string {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return 'is damaged: not JSON';
  }
  const read = InventoryFile.safeParse(document);
  if (!read.success) return 'is damaged, or of another version of this program';
  const entries: z.output<typeof Entry>[] = [];
  // one by one: a list of all mistakes of a large file would fill memory
  for (const row of read.data.entries) {
    const entry = Entry.safeParse(row);
    if (!entry.success) return 'is damaged: an entry is invalid';
    entries.push(entry.data);
  }
  if (read.data.scope !== scope) return 'was written with another registry configuration, or other proxies';
  if (read.data.sum !== sumOf(scope, entries)) return 'is damaged: its checksum is wrong';
  return new Map(
    entries.map(([repository, at, listed, satisfied]) => [
      repository,
      { at, listed: listed ?? undefined, satisfied: satisfied ?? undefined },
    ]),
  );
}

/** Finds accidental damage, such as of one digit of a time; whoever forges a file can compute it. */
function sumOf(scope: string, rows: readonly z.output<typeof Entry>[]): string {
  return createHash('sha256')
    .update(JSON.stringify([scope, rows]))
    .digest('base64url');
}

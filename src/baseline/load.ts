import { readFile } from 'node:fs/promises';
import { PromotionError } from '../errors.ts';
import type { YamlProblem } from '../yaml/document.ts';
import { fileError } from '../yaml/file-error.ts';
import { readFileAs } from '../yaml/read-file.ts';
import { BASELINE, type KnownDrift } from './rules.ts';

/** Three hundred bytes for each entry that a baseline may have. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Loads a baseline. Throws CONFIG_INVALID with every problem and its position. */
export async function loadBaseline(file: string): Promise<readonly KnownDrift[]> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === 'ENOENT' ? 'there is no such file' : (cause.code ?? cause.message);
    throw unreadable(file, reason, cause);
  });
  if (bytes.length > MAX_BYTES) throw unreadable(file, `it has more than ${MAX_BYTES} bytes`);
  const parsed = parseBaseline(file, bytes);
  if ('problems' in parsed) throw fileError('CONFIG_INVALID', parsed.problems);
  return parsed.known;
}

/** Parses a baseline; never throws. */
export function parseBaseline(
  file: string,
  bytes: Uint8Array,
): { readonly known: readonly KnownDrift[] } | { readonly problems: readonly YamlProblem[] } {
  const parsed = readFileAs(BASELINE, file, bytes, 'the baseline');
  if ('problems' in parsed) return parsed;
  return { known: parsed.value.known.map((entry, index) => ({ ...entry, position: parsed.at('known', index) })) };
}

function unreadable(file: string, reason: string, cause?: unknown): PromotionError {
  return new PromotionError('CONFIG_INVALID', `reading the baseline ${file}: ${reason}`, {
    cause,
    hint: 'name a baseline with --baseline, or write one with --write-baseline',
  });
}

import type { Position } from '../errors.ts';
import type { Reading } from '../yaml/fields.ts';
import type { Problem } from './manifest.ts';

/** Where one file of a tree is read; what is wrong with it is collected, never thrown. */
export type ManifestReading = Reading & { readonly problems: Problem[] };

/** A reading that adds to these problems. */
export function manifestReading(at: (offset: number) => Position, problems: Problem[]): ManifestReading {
  return { at, problems, refuse: (problem) => void problems.push({ code: 'MANIFEST_INVALID', ...problem }) };
}

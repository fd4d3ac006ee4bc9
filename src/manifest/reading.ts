import type { Position } from '../errors.ts';
import type { YamlProblem } from '../yaml/document.ts';
import type { Reading } from '../yaml/fields.ts';
import type { YamlNode } from '../yaml/node.ts';
import type { Problem, Warning } from './manifest.ts';

/** What was found wrong or without effect so far. */
export type Notes = { readonly problems: Problem[]; readonly warnings: Warning[] };

/** Where one file of a tree is read; what is wrong with it is collected, never thrown. */
export type ManifestReading = Reading & Notes;

/** A reading that adds to these notes. */
export function manifestReading(at: (offset: number) => Position, { problems, warnings }: Notes): ManifestReading {
  const refuse = (problem: YamlProblem): void => void problems.push({ code: 'MANIFEST_INVALID', ...problem });
  return { at, problems, warnings, refuse };
}

/** Notes what has no effect. */
export function warn({ at, warnings }: ManifestReading, node: YamlNode, message: string, hint: string): void {
  warnings.push({ code: 'NO_EFFECT', message, hint, position: at(node.offset) });
}

import type { Position } from '../errors.ts';
import type { YamlProblem } from '../yaml/document.ts';
import type { Reading } from '../yaml/fields.ts';
import type { YamlNode } from '../yaml/node.ts';
import { problemList, type ProblemList } from '../yaml/problem-list.ts';
import type { Problem, Warning } from './manifest.ts';

/** What was found wrong or without effect so far. */
export type Notes = { readonly problems: ProblemList<Problem>; readonly warnings: ProblemList<Warning> };

/** Of what is only counted, that a whole project is taken out tells more than that an entry is. */
export function newNotes(): Notes {
  return { problems: problemList(({ code }) => code !== 'ENTRY_INVALID'), warnings: problemList() };
}

/** The notes as they are told. */
export function toldNotes({ problems, warnings }: Notes): {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
} {
  return { problems: problems.told(), warnings: warnings.told() };
}

/** Where one file of a tree is read; what is wrong with it is collected, never thrown. */
export type ManifestReading = Reading & Notes;

/** A reading that adds to these notes. */
export function manifestReading(at: (offset: number) => Position, { problems, warnings }: Notes): ManifestReading {
  const refuse = (problem: YamlProblem): void => problems.push({ code: 'MANIFEST_INVALID', ...problem });
  return { at, problems, warnings, refuse };
}

/** Notes what has no effect. */
export function warn({ at, warnings }: ManifestReading, node: YamlNode, message: string, hint: string): void {
  warnings.push({ code: 'NO_EFFECT', message, hint, position: at(node.offset) });
}

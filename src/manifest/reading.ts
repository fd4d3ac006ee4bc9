import type { Position } from '../errors.ts';
import type { YamlProblem } from '../yaml/document.ts';
import type { Reading } from '../yaml/fields.ts';
import type { YamlNode } from '../yaml/node.ts';
import { problemList, type ProblemList } from '../yaml/problem-list.ts';
import type { Problem, Warning } from './manifest.ts';

/** The problems and warnings found so far. */
export type Notes = { readonly problems: ProblemList<Problem>; readonly warnings: ProblemList<Warning> };

/** Creates empty notes. If problems are only counted, those that remove a whole project are kept first. */
export function newNotes(): Notes {
  return { problems: problemList(({ code }) => code !== 'ENTRY_INVALID'), warnings: problemList() };
}

/** Returns the notes for output. */
export function toldNotes({ problems, warnings }: Notes): {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
} {
  return { problems: problems.told(), warnings: warnings.told() };
}

/** Context of parsing one file of a tree; problems are collected, never thrown. */
export type ManifestReading = Reading & Notes;

/** Creates a context that adds to these notes. */
export function manifestReading(at: (offset: number) => Position, { problems, warnings }: Notes): ManifestReading {
  const refuse = (problem: YamlProblem): void => problems.push({ code: 'MANIFEST_INVALID', ...problem });
  return { at, problems, warnings, refuse };
}

/** Adds a warning about an entry without effect. */
export function warn({ at, warnings }: ManifestReading, node: YamlNode, message: string, hint: string): void {
  warnings.push({ code: 'NO_EFFECT', message, hint, position: at(node.offset) });
}

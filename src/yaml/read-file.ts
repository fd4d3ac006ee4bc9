import type { z } from 'zod';
import { openYaml, type YamlProblem } from './document.ts';
import { problemList } from './problem-list.ts';
import { readAs, type Located } from './schema.ts';

/** Reads a file with a schema, or returns its problems. `what` names its root in messages. Never throws. */
export function readFileAs<S extends z.ZodType>(
  schema: S,
  file: string,
  bytes: Uint8Array,
  what: string,
): Located<z.output<S>> | { readonly problems: readonly YamlProblem[] } {
  const document = openYaml(file, bytes);
  if (!('root' in document)) return { problems: [document] };
  const problems = problemList<YamlProblem>();
  const read = readAs(schema, document.root, what, { at: document.at, refuse: problems.push });
  return read ?? { problems: problems.told() };
}

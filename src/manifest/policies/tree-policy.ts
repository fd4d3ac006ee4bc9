import type { Position } from '../../errors.ts';
import type { ProjectPolicy } from '../../policy/policies.ts';
import { openYaml, type YamlProblem } from '../../yaml/document.ts';
import { pairsOf, type Reading } from '../../yaml/fields.ts';
import type { YamlNode } from '../../yaml/node.ts';
import { MOST_PROBLEMS, problemList } from '../../yaml/problem-list.ts';
import { readText } from '../../yaml/scalars.ts';
import { readAs, type Located } from '../../yaml/schema.ts';
import { quote } from '../../yaml/source-text.ts';
import type { ManifestText } from '../parse.ts';
import { PROJECT, TREE_POLICY, type WrittenPolicy } from './policy-schema.ts';
import { readProvenance, type Spent } from './read-provenance.ts';

/** The policy file of a tree. */
export type TreePolicy = {
  readonly file: string;
  /** The policy of every project; undefined if it is invalid, so that the policy of no project is known. */
  readonly defaults?: ProjectPolicy;
  readonly projects: readonly WrittenProject[];
  /** Problems of the file, without those of single projects. */
  readonly problems: readonly YamlProblem[];
};

/** The policy of one project. Without a policy there are problems, which exclude only this project. */
export type WrittenProject = {
  readonly name: string;
  readonly position: Position;
  readonly policy?: ProjectPolicy;
  readonly problems: readonly YamlProblem[];
};

/** Parses the policy of a tree; never throws. */
export function parseTreePolicy({ file, bytes }: ManifestText): TreePolicy {
  const document = openYaml(file, bytes);
  if (!('root' in document)) return { file, projects: [], problems: [document] };
  const problems = problemList<YamlProblem>();
  const reading = { at: document.at, refuse: problems.push };
  const spent = { expressions: 0 };
  const read = readAs(TREE_POLICY, document.root, 'the policy', reading, 'projects');
  const defaults = read && policyOf(read, reading, spent);
  const listed = read?.nodeAt('projects');
  const projects = listed === undefined ? [] : projectsIn(listed, reading, spent);
  if (defaults === undefined || problems.length > 0) return { file, projects: [], problems: problems.told() };
  return { file, defaults, projects, problems: [] };
}

/** With more problems than are reported, all are problems of the file. */
function projectsIn(listed: YamlNode, { at, refuse }: Reading, spent: Spent): readonly WrittenProject[] {
  const kept: YamlProblem[] = [];
  return [...pairsOf(listed, { at, refuse })].map(({ key, value }) => {
    const problems: YamlProblem[] = [];
    const own = (problem: YamlProblem): void => {
      if (kept.length === MOST_PROBLEMS) for (const one of kept) refuse(one);
      if (kept.length >= MOST_PROBLEMS) refuse(problem);
      else problems.push(problem);
      kept.push(problem);
    };
    const position = at(key.offset);
    const text = readText(key);
    const name = typeof text === 'string' ? text : '';
    if (typeof text !== 'string') own({ message: `a project ${text.reason}`, hint: 'write its name', position });
    const read = readAs(PROJECT, value, `the project ${name === '' ? '?' : quote(name)}`, { at, refuse: own });
    const policy = read && policyOf(read, { at, refuse: own }, spent);
    return problems.length > 0 || policy === undefined
      ? { name, position, problems }
      : { name, position, policy, problems };
  });
}

function policyOf({ value, at }: Located<WrittenPolicy>, { refuse }: Reading, spent: Spent): ProjectPolicy | undefined {
  const { provenance: written, artifactTypes, vulnerabilities } = value;
  const provenance =
    written && readProvenance({ value: written, at: (...path) => at('provenance', ...path) }, refuse, spent);
  if (written !== undefined && provenance === undefined) return undefined;
  return {
    ...(provenance && { provenance }),
    ...(artifactTypes && { artifactTypes: { types: artifactTypes, at: at('artifactTypes') } }),
    ...(vulnerabilities && {
      vulnerabilities: {
        ...vulnerabilities,
        exceptions: vulnerabilities.exceptions.map((exception, index) => ({
          ...exception,
          at: at('vulnerabilities', 'exceptions', index),
        })),
        at: at('vulnerabilities'),
      },
    }),
  };
}

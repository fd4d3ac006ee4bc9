import type { ProjectPolicy } from '../../policy/policies.ts';
import { parseYaml, type YamlProblem } from '../../yaml/document.ts';
import { problemList } from '../../yaml/problem-list.ts';
import type { RuleReading } from '../../yaml/rule.ts';
import { decodeText } from '../decode.ts';
import type { ManifestText } from '../parse.ts';
import { TREE_POLICY, type WrittenProject } from './tree-policy-rule.ts';

/** What one file asks of the projects of its tree. */
export type TreePolicy = {
  readonly file: string;
  /** For every project; undefined where that cannot be read, so that nothing is known of any. */
  readonly defaults?: ProjectPolicy;
  readonly projects: readonly WrittenProject[];
  /** What is wrong with the file, besides what is wrong with single projects. */
  readonly problems: readonly YamlProblem[];
};

/** Reads the policy of a tree; never throws. */
export function parseTreePolicy({ file, bytes }: ManifestText): TreePolicy {
  const text = decodeText(file, bytes);
  if (typeof text !== 'string') return { file, projects: [], problems: [text] };
  const document = parseYaml(file, text);
  if (!('root' in document)) return { file, projects: [], problems: [document] };
  const problems = problemList<YamlProblem>();
  const reading: RuleReading = {
    at: document.at,
    problems,
    refuse: problems.push,
    spent: { expressions: 0 },
  };
  const written = TREE_POLICY.read(document.root, 'the policy', reading);
  if (written === undefined || problems.length > 0) return { file, projects: [], problems: problems.told() };
  const { projects = [], position: _, ...defaults } = written;
  return { file, defaults, projects: projects.map(withoutPosition), problems: [] };
}

function withoutPosition({ policy, ...project }: WrittenProject): WrittenProject {
  if (policy === undefined || project.problems.length > 0) return project;
  const { provenance, artifactTypes, vulnerabilities } = policy;
  return {
    ...project,
    policy: {
      ...(provenance && { provenance }),
      ...(artifactTypes && { artifactTypes }),
      ...(vulnerabilities && { vulnerabilities }),
    },
  };
}

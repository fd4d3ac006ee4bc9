import { PromotionError } from '../errors.ts';
import type { ProjectPolicy } from '../policy/policies.ts';
import { pairsOf } from '../yaml/fields.ts';
import { parseYaml, type YamlProblem } from '../yaml/document.ts';
import { fileError } from '../yaml/file-error.ts';
import { readText } from '../yaml/scalars.ts';
import { decodeText } from './decode.ts';
import { parsePlain, type ManifestText } from './parse.ts';
import { parseTreePolicy } from './tree-policy.ts';

/**
 * What one file asks, to try it: a manifest, or the policy of a tree, of which `project` takes what is said of that
 * project. Throws POLICY_INVALID that names every mistake, USAGE for a project that is not there.
 */
export function policyIn(file: ManifestText, project?: string): ProjectPolicy {
  return isManifest(file) ? inManifest(file) : inTree(file, project);
}

/** Only a manifest has registries. */
function isManifest({ file, bytes }: ManifestText): boolean {
  const text = decodeText(file, bytes);
  const document = typeof text === 'string' ? parseYaml(file, text) : text;
  if (!('root' in document)) return false;
  const nothing = { at: document.at, refuse: () => undefined };
  return [...pairsOf(document.root, nothing)].some(({ key }) => readText(key) === 'registries');
}

function inManifest(file: ManifestText): ProjectPolicy {
  const { declared, problems } = parsePlain(file.file, file, undefined);
  const wrong = problems.filter(({ code }) => code !== 'ENTRY_INVALID');
  if (wrong.length > 0) throw fileError('POLICY_INVALID', wrong);
  const provenance = declared?.provenance;
  return provenance === undefined || provenance === 'unreadable' ? {} : { provenance };
}

function inTree(file: ManifestText, project: string | undefined): ProjectPolicy {
  const { defaults, projects, problems } = parseTreePolicy(file);
  const wrong: readonly YamlProblem[] = [...problems, ...projects.flatMap((one) => one.problems)];
  if (wrong.length > 0) throw fileError('POLICY_INVALID', wrong);
  const own = projects.find(({ name }) => name === project);
  if (project !== undefined && own === undefined)
    throw new PromotionError('USAGE', `${file.file} says nothing of a project ${JSON.stringify(project)}`, {
      hint: `leave the project out, or name one of ${projects.map(({ name }) => name).join(', ') || 'those it has: none'}`,
    });
  return { ...defaults, ...own?.policy };
}

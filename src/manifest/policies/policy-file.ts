import { PromotionError } from '../../errors.ts';
import type { ProjectPolicy } from '../../policy/policies.ts';
import { openYaml } from '../../yaml/document.ts';
import { pairsOf } from '../../yaml/fields.ts';
import { fileError } from '../../yaml/file-error.ts';
import { readText } from '../../yaml/scalars.ts';
import { parsePlain, type ManifestText } from '../parse.ts';
import { parseTreePolicy } from './tree-policy.ts';

/**
 * Reads the policy in one file: a manifest, or the promoter-policy.yaml of a tree, for which a project may be named. Throws
 * POLICY_INVALID with all problems, and USAGE for a project that the file does not name.
 */
export function policyIn(text: ManifestText, project?: string): FilePolicy {
  return isManifest(text) ? ofManifest(text, project) : ofTree(text, project);
}

/** The policy in one file; for a manifest with the source registry of its images. */
export type FilePolicy = ProjectPolicy & { readonly source?: string };

/** Only a manifest has registries. */
function isManifest({ file, bytes }: ManifestText): boolean {
  const document = openYaml(file, bytes);
  if (!('root' in document)) return false;
  const nothing = { at: document.at, refuse: () => undefined };
  return [...pairsOf(document.root, nothing)].some(({ key }) => readText(key) === 'registries');
}

function ofManifest(text: ManifestText, project: string | undefined): FilePolicy {
  if (project !== undefined) throw unknownProject(text.file, project, 'it is the manifest of one: leave --project out');
  const { declared, problems } = parsePlain(text.file, text, undefined);
  const wrong = problems.filter(({ code }) => code !== 'ENTRY_INVALID');
  if (wrong.length > 0) throw fileError('POLICY_INVALID', wrong);
  const { provenance, source } = declared ?? {};
  return {
    ...(source !== undefined && { source }),
    ...(provenance !== undefined && provenance !== 'unreadable' && { provenance }),
  };
}

function ofTree(text: ManifestText, project: string | undefined): ProjectPolicy {
  const { defaults, projects, problems } = parseTreePolicy(text);
  const wrong = [...problems, ...projects.flatMap((one) => one.problems)];
  if (wrong.length > 0) throw fileError('POLICY_INVALID', wrong);
  const own = projects.find(({ name }) => name === project);
  if (project !== undefined && own === undefined) {
    const names = projects.map(({ name }) => name).join(', ') || 'none';
    throw unknownProject(text.file, project, `it names ${names}; leave --project out for the rest`);
  }
  return { ...defaults, ...own?.policy };
}

function unknownProject(file: string, project: string, hint: string): PromotionError {
  return new PromotionError('USAGE', `${file} has no project ${JSON.stringify(project)}`, { hint });
}

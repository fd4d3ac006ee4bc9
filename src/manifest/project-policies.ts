import { policyKey, isWithin } from '../policy/inheritance.ts';
import type { ProjectPolicy } from '../policy/policies.ts';
import { slipOf } from '../nearest.ts';
import { joinRepository } from '../image/reference.ts';
import type { LoadedManifests, Problem, Project, SourcePolicy } from './manifest.ts';
import type { Declared, ParsedProject } from './parse.ts';
import type { TreePolicy } from './tree-policy.ts';
import type { WrittenProject } from './tree-policy-rule.ts';

/** One project as parsed, with the policy of the tree that it is in. */
export type InTree = { readonly parsed: ParsedProject; readonly tree?: TreePolicy };

/** What is asked of the images of one project, or why nobody knows. */
type Asked = Declared & { readonly policy: ProjectPolicy | 'unreadable' };

/**
 * Completes the policies of projects by those of their trees. What is asked and cannot be read takes out the project,
 * and of other projects the images that it would be asked of.
 */
export function completePolicies(all: readonly InTree[]): LoadedManifests {
  const trees = [...new Set(all.flatMap(({ tree }) => tree ?? []))];
  const problems: Problem[] = [...all.flatMap(({ parsed }) => parsed.problems), ...treeProblems(all, trees)];
  const warnings = all.flatMap(({ parsed }) => parsed.warnings);
  const meant = new Map(trees.map((tree) => [tree, misspelt(all, tree)]));
  const asked = all.map((one) => askedOf(one, (one.tree && meant.get(one.tree)) ?? new Set(), problems));
  const unknown = new Set(asked.filter((one) => one?.policy === 'unreadable'));
  for (const one of disagreeing(asked, problems)) unknown.add(one);
  const projects = all.flatMap(({ parsed: { project } }, index) => {
    const own = asked[index];
    if (project === undefined || own === undefined || own.policy === 'unreadable' || unknown.has(own)) return [];
    const { policy: _, ...rest } = project;
    const complete = Object.keys(own.policy).length === 0 ? rest : { ...rest, policy: own.policy };
    return [
      [...unknown].reduce((left, one) => (one === undefined ? left : withoutImagesOf(left, one, problems)), complete),
    ];
  });
  return {
    projects,
    problems,
    warnings,
    policies: asked.flatMap((one) => (unknown.has(one) ? [] : sourcePolicy(one))),
  };
}

function sourcePolicy(asked: Asked | undefined): SourcePolicy[] {
  if (asked === undefined || asked.policy === 'unreadable' || asked.policy.provenance === undefined) return [];
  const { project, manifestFile, source } = asked;
  return [{ project, manifestFile, source, provenance: asked.policy.provenance }];
}

/** What is wrong with the files themselves, and with the names of projects in them. */
function treeProblems(all: readonly InTree[], trees: readonly TreePolicy[]): Problem[] {
  return trees.flatMap((tree) => {
    const names = namesIn(all, tree);
    const isLeft = 'until then no project of this tree is promoted';
    const whole = tree.problems.map(({ hint, ...one }) => ({ ...one, hint: `${hint}; ${isLeft}` }));
    const single = tree.projects.flatMap(({ name, position, problems }) =>
      names.includes(name) ? problems : [...problems, unknownProject(name, position, names)],
    );
    return [...whole, ...single].map((one): Problem => ({ code: 'POLICY_INVALID', ...one }));
  });
}

function namesIn(all: readonly InTree[], tree: TreePolicy): readonly string[] {
  return all.flatMap(({ parsed: { declared }, tree: own }) => (own === tree && declared ? [declared.project] : []));
}

/** The projects that somebody seems to have misspelt: they are not promoted without what is asked of them. */
function misspelt(all: readonly InTree[], tree: TreePolicy): ReadonlySet<string> {
  const names = namesIn(all, tree);
  return new Set(tree.projects.flatMap(({ name }) => (names.includes(name) ? [] : (meantBy(name, names) ?? []))));
}

function unknownProject(name: string, position: Problem['position'], names: readonly string[]): Omit<Problem, 'code'> {
  const meant = meantBy(name, names);
  return {
    message: `there is no project ${JSON.stringify(name)} beside this policy`,
    hint: meant === undefined ? 'remove it, or add the project' : `write "${meant}"`,
    position,
  };
}

function meantBy(name: string, names: readonly string[]): string | undefined {
  // a policy that misses its project must hold that project back: better one too many than one too few
  return slipOf(name, names, Math.max(2, Math.floor(name.length / 3)));
}

function askedOf(
  { parsed: { declared }, tree }: InTree,
  meant: ReadonlySet<string>,
  problems: Problem[],
): Asked | undefined {
  if (declared === undefined) return undefined;
  const { provenance } = declared;
  const single = tree?.projects.filter(({ name }) => name === declared.project) ?? [];
  const isUnreadable =
    provenance === 'unreadable' ||
    (tree !== undefined && tree.defaults === undefined) ||
    single.some(({ policy }) => policy === undefined) ||
    (single.length === 0 && meant.has(declared.project));
  if (isUnreadable) return { ...declared, policy: 'unreadable' };
  const [own] = single;
  if (provenance !== undefined && own?.policy?.provenance !== undefined)
    return contradiction(declared, provenance.at, own, problems);
  return {
    ...declared,
    policy: { ...tree?.defaults, ...(provenance !== undefined && { provenance }), ...own?.policy },
  };
}

function contradiction(
  declared: Declared,
  at: Problem['position'],
  { position: { file, line } }: WrittenProject,
  problems: Problem[],
): Asked {
  problems.push({
    code: 'POLICY_INVALID',
    message: `the project ${declared.project} has a provenance policy here and in ${file}:${line}`,
    hint: 'keep one of them',
    position: at,
  });
  return { ...declared, policy: 'unreadable' };
}

/** Those that share a source registry and do not ask the same of it. */
function disagreeing(asked: readonly (Asked | undefined)[], problems: Problem[]): Set<Asked> {
  const bySource = new Map<string, Asked[]>();
  for (const one of asked)
    if (one !== undefined && one.policy !== 'unreadable')
      bySource.set(one.source, [...(bySource.get(one.source) ?? []), one]);
  const found = new Set<Asked>();
  for (const [source, [first, ...others]] of bySource) {
    const other = others.find((one) => keyOf(one) !== (first && keyOf(first)));
    if (first === undefined || other === undefined) continue;
    for (const one of [first, ...others]) {
      const differing = keyOf(one) === keyOf(first) ? other : first;
      found.add(one);
      problems.push({
        code: 'POLICY_INVALID',
        message: `${one.manifestFile} and ${differing.manifestFile} share the source registry ${source} and ask different things of it`,
        hint: 'declare the same provenance policy in both',
        position: policyOf(one)?.at ?? one.sourceAt,
      });
    }
  }
  return found;
}

function policyOf({ policy }: Asked): SourcePolicy['provenance'] | undefined {
  return policy === 'unreadable' ? undefined : policy.provenance;
}

function keyOf(asked: Asked): string {
  return policyKey(policyOf(asked));
}

function withoutImagesOf(project: Project, { source, manifestFile }: Asked, problems: Problem[]): Project {
  const [kept, taken] = [[] as Project['images'][number][], [] as Project['images'][number][]];
  for (const image of project.images)
    (isWithin(joinRepository(project.source, image.name), source) ? taken : kept).push(image);
  const [first] = taken;
  if (first === undefined) return project;
  problems.push({
    code: 'POLICY_INVALID',
    message: `${first.name}${taken.length > 1 ? ` and ${taken.length - 1} more` : ''}: the policy of ${source} applies here, and that of ${manifestFile} cannot be used`,
    hint: 'correct that policy first',
    position: first.position,
  });
  return { ...project, images: kept };
}

import { governing, policyKey } from '../../policy/inheritance.ts';
import type { ProjectPolicy } from '../../policy/policies.ts';
import { nearestOf } from '../../text/nearest.ts';
import { quote } from '../../yaml/source-text.ts';
import { joinRepository } from '../../image/reference.ts';
import type { LoadedManifests, Problem, Project, SourcePolicy } from '../manifest.ts';
import type { Declared, ParsedProject } from '../parse.ts';
import { problemList } from '../../yaml/problem-list.ts';
import type { TreePolicy, WrittenProject } from './tree-policy.ts';

/** One project as parsed, with the policy of the tree that it is in. */
export type InTree = { readonly parsed: ParsedProject; readonly tree?: TreePolicy };

/** The policy of the images of one project; `unreadable` if it is invalid or contradictory. */
type Asked = Declared & { readonly policy: ProjectPolicy | 'unreadable' };

/**
 * Completes the policies of projects by those of their trees. An unreadable policy excludes its project, and the images
 * of other projects that it would apply to.
 */
export function completePolicies(all: readonly InTree[]): LoadedManifests {
  const trees = [...new Set(all.flatMap(({ tree }) => tree ?? []))];
  const names = namesByTree(all);
  const problems: Problem[] = [...all.flatMap(({ parsed }) => parsed.problems), ...treeProblems(trees, names)];
  const warnings = all.flatMap(({ parsed }) => parsed.warnings);
  const said = new Map(trees.map((tree) => [tree, saidBy(tree, names.get(tree) ?? new Set())]));
  const asked = all.map((one) => askedOf(one, one.tree && said.get(one.tree), problems));
  const unknown = new Set(asked.filter((one) => one?.policy === 'unreadable'));
  for (const one of disagreeing(asked, problems)) unknown.add(one);
  const withoutUnknown = imageTaker(unknown);
  const projects = all.flatMap(({ parsed: { project } }, index) => {
    const own = asked[index];
    if (project === undefined || own === undefined || own.policy === 'unreadable' || unknown.has(own)) return [];
    const { policy: _, ...rest } = project;
    const complete = Object.keys(own.policy).length === 0 ? rest : { ...rest, policy: own.policy };
    return [withoutUnknown(complete, problems)];
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

/** Returns the problems of the policy files and of the project names in them. */
function treeProblems(trees: readonly TreePolicy[], namesOf: NamesByTree): Problem[] {
  return trees.flatMap((tree) => {
    const names = namesOf.get(tree) ?? new Set();
    const isLeft = 'until then no project of this tree is promoted';
    const whole = tree.problems.map(({ hint, ...one }) => ({ ...one, hint: `${hint}; ${isLeft}` }));
    const single = problemList<Omit<Problem, 'code'>>();
    const all = candidates(tree, names) ?? [];
    for (const { name, position, problems } of tree.projects) {
      for (const one of problems) single.push(one);
      if (!names.has(name)) single.push(unknownProject(name, position, all));
    }
    return [...whole, ...single.told()].map((one): Problem => ({ code: 'POLICY_INVALID', ...one }));
  });
}

type NamesByTree = ReadonlyMap<TreePolicy, ReadonlySet<string>>;

function namesByTree(all: readonly InTree[]): NamesByTree {
  const names = new Map<TreePolicy, Set<string>>();
  for (const { parsed, tree } of all) {
    if (tree === undefined || parsed.declared === undefined) continue;
    const there = names.get(tree) ?? new Set();
    names.set(tree, there.add(parsed.declared.project));
  }
  return names;
}

/** Limit of the compared pairs of characters when looking for misspelt names: about a second. */
const MOST_COMPARED = 100_000_000;

/** Returns the names that an unknown name is compared with; undefined if that would take too long. */
function candidates(tree: TreePolicy, names: ReadonlySet<string>): readonly string[] | undefined {
  const length = (all: Iterable<string>): number => [...all].reduce((sum, name) => sum + name.length, 0);
  const unknown = tree.projects.flatMap(({ name }) => (names.has(name) ? [] : [name]));
  return length(unknown) * length(names) > MOST_COMPARED ? undefined : [...names];
}

/** Returns the projects whose names are probably misspelt in the policy: they are not promoted without it. */
function misspelt(tree: TreePolicy, names: ReadonlySet<string>): ReadonlySet<string> {
  const all = candidates(tree, names);
  // if they are too many to compare, each may be meant
  if (all === undefined) return names;
  return new Set(tree.projects.flatMap(({ name }) => (names.has(name) ? [] : (meantBy(name, all) ?? []))));
}

function unknownProject(name: string, position: Problem['position'], names: readonly string[]): Omit<Problem, 'code'> {
  const meant = meantBy(name, names);
  return {
    message: `there is no project ${quote(name)} beside this policy`,
    hint: meant === undefined ? 'remove it, or add the project' : `write "${meant}"`,
    position,
  };
}

function meantBy(name: string, names: readonly string[]): string | undefined {
  // a misspelt name must exclude its project: better one too many than one too few
  return nearestOf(name, names, Math.max(2, Math.floor(name.length / 3)));
}

/** The policies of single projects in a tree, and the projects that a misspelt name may mean. */
type Said = { readonly projects: ReadonlyMap<string, readonly WrittenProject[]>; readonly meant: ReadonlySet<string> };

function saidBy(tree: TreePolicy, names: ReadonlySet<string>): Said {
  return { projects: Map.groupBy(tree.projects, ({ name }) => name), meant: misspelt(tree, names) };
}

function askedOf(
  { parsed: { declared }, tree }: InTree,
  said: Said | undefined,
  problems: Problem[],
): Asked | undefined {
  if (declared === undefined) return undefined;
  const { provenance } = declared;
  const single = said?.projects.get(declared.project) ?? [];
  const isUnreadable =
    provenance === 'unreadable' ||
    (tree !== undefined && tree.defaults === undefined) ||
    single.some(({ policy }) => policy === undefined) ||
    (single.length === 0 && said?.meant.has(declared.project) === true);
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

/** Returns the projects that share a source registry and have different policies. */
function disagreeing(asked: readonly (Asked | undefined)[], problems: Problem[]): Set<Asked> {
  const bySource = new Map<string, Asked[]>();
  for (const one of asked) if (one !== undefined && one.policy !== 'unreadable') pushTo(bySource, one.source, one);
  const found = new Set<Asked>();
  const keyOf = keys();
  for (const [source, [first, ...others]] of bySource) {
    const other = others.find((one) => keyOf(one) !== (first && keyOf(first)));
    if (first === undefined || other === undefined) continue;
    for (const one of [first, ...others]) {
      const differing = keyOf(one) === keyOf(first) ? other : first;
      found.add(one);
      problems.push({
        code: 'POLICY_INVALID',
        message: `${one.manifestFile} and ${differing.manifestFile} share the source registry ${source} and have different policies`,
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

/** Returns a cached `policyKey`: the projects of one tree share its policy. */
function keys(): (asked: Asked) => string {
  const known = new Map<unknown, string>();
  return (asked) => {
    const policy = policyOf(asked);
    const key = known.get(policy) ?? policyKey(policy);
    known.set(policy, key);
    return key;
  };
}

/** Returns a function that removes the images to which an unusable policy applies. Of several, the first that was loaded is reported. */
function imageTaker(unknown: ReadonlySet<Asked | undefined>): (project: Project, problems: Problem[]) => Project {
  const order = new Map([...unknown].flatMap((one, index) => (one === undefined ? [] : [[one, index] as const])));
  if (order.size === 0) return (project) => project;
  const above = governing([...order.keys()].map((one) => ({ source: one.source, policy: one })));
  const place = (one: Asked): number => order.get(one) ?? 0;
  return (project, problems) => {
    const kept: Project['images'][number][] = [];
    const taken = new Map<Asked, Project['images'][number][]>();
    for (const image of project.images) {
      const [first] = above(joinRepository(project.source, image.name)).toSorted((a, b) => place(a) - place(b));
      if (first === undefined) kept.push(image);
      else pushTo(taken, first, image);
    }
    for (const [asked, images] of [...taken].toSorted(([a], [b]) => place(a) - place(b)))
      problems.push(takenProblem(asked, images));
    return taken.size === 0 ? project : { ...project, images: kept };
  };
}

function takenProblem({ source, manifestFile }: Asked, images: Project['images']): Problem {
  const [first] = images;
  return {
    code: 'POLICY_INVALID',
    message: `${first?.name}${images.length > 1 ? ` and ${images.length - 1} more` : ''}: the policy of ${source} applies here, and that of ${manifestFile} cannot be used`,
    hint: 'correct that policy first',
    position: first?.position ?? { file: manifestFile, line: 1, column: 1 },
  };
}

function pushTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const there = map.get(key);
  if (there === undefined) map.set(key, [value]);
  else there.push(value);
}

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

/** What is asked of the images of one project, or why nobody knows. */
type Asked = Declared & { readonly policy: ProjectPolicy | 'unreadable' };

/**
 * Completes the policies of projects by those of their trees. What is asked and cannot be read takes out the project,
 * and of other projects the images that it would be asked of.
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

/** What is wrong with the files themselves, and with the names of projects in them. */
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

/** So many pairs of characters are compared to find misspelt names: about a second. */
const MOST_COMPARED = 100_000_000;

/** The names among which to look for what unknown ones mean; undefined where that would take too long. */
function candidates(tree: TreePolicy, names: ReadonlySet<string>): readonly string[] | undefined {
  const length = (all: Iterable<string>): number => [...all].reduce((sum, name) => sum + name.length, 0);
  const unknown = tree.projects.flatMap(({ name }) => (names.has(name) ? [] : [name]));
  return length(unknown) * length(names) > MOST_COMPARED ? undefined : [...names];
}

/** The projects that somebody seems to have misspelt: they are not promoted without what is asked of them. */
function misspelt(tree: TreePolicy, names: ReadonlySet<string>): ReadonlySet<string> {
  const all = candidates(tree, names);
  // where nobody can look through all, each of them may be meant
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
  // a policy that misses its project must hold that project back: better one too many than one too few
  return nearestOf(name, names, Math.max(2, Math.floor(name.length / 3)));
}

/** What the file of a tree says of single projects, and whom it may mean. */
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

/** Those that share a source registry and do not ask the same of it. */
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

/** Projects of one tree share its policy: its key is made once. */
function keys(): (asked: Asked) => string {
  const known = new Map<unknown, string>();
  return (asked) => {
    const policy = policyOf(asked);
    const key = known.get(policy) ?? policyKey(policy);
    known.set(policy, key);
    return key;
  };
}

/** Takes out of a project the images that a policy applies to which cannot be used; of several the first that was loaded. */
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

import { policyFileFor } from '../../manifest/discover.ts';
import type { LoadedManifests, LoadedTree, Project } from '../../manifest/manifest.ts';
import { joinRepository, pathBelow, type RepositoryName } from '../../image/reference.ts';
import { forImage } from '../../policy/image-levels.ts';
import { distinct, governing, policyKey } from '../../policy/inheritance.ts';
import type { ProjectPolicies, ProjectPolicy } from '../../policy/policies.ts';
import type { SignerRule } from '../../policy/signer.ts';
import type { VulnerabilityPolicy } from '../../policy/vulnerabilities/vulnerabilities.ts';
import { policiesBy, ownOf, type PoliciesFor } from './policies.ts';

/** The rules of a project without vulnerability rules: the threshold of the run, and no exceptions. */
const RUN_RULES: VulnerabilityPolicy = {
  exceptions: [],
  at: { file: 'the tree before', line: 1, column: 1 },
  isBase: true,
};

/**
 * Adds the policies of the base to those of an image, so that a change that loosens a policy does not benefit from it.
 * Uses the policy of its tree, and those of the projects that had its source, its destination or its name.
 */
export function withBasePolicies(
  asked: PoliciesFor,
  projects: readonly Project[],
  before: LoadedManifests,
): PoliciesFor {
  const predecessorsOf = predecessorFinder(projects, before);
  const governed = policiesBy(before);
  const textOf = textsOfPolicies();
  return (project, repository) => {
    const head = asked(project, repository);
    const predecessors = predecessorsOf(project, repository);
    const above = governed({}, repository).provenance;
    const own = predecessors.flatMap(({ provenance }) => provenance ?? []);
    const known = new Set(head.provenance.map(policyKey));
    const others = distinct([...above, ...own]).filter((policy) => !known.has(policyKey(policy)));
    const { artifactTypes } = ownOf(predecessors);
    const rules = predecessors.length === 0 ? [RUN_RULES] : predecessors.map(rulesOf);
    return {
      provenance: [...head.provenance, ...others.map((policy) => ({ ...policy, isBase: true as const }))],
      artifactTypes: [...head.artifactTypes, ...without(artifactTypes, head.artifactTypes, textOf)],
      vulnerabilities: bothRules(head.vulnerabilities, rules, textOf),
      signersBefore: (predecessors.length === 0 ? [{}] : predecessors).map((policy) => signersOf(policy, above)),
    };
  };
}

/** Returns a finder of the policies of the base that would have applied to an image, each once. */
function predecessorFinder(
  projects: readonly Project[],
  { projects: before, trees = [], policies = [] }: LoadedManifests,
): (project: Project, repository: RepositoryName) => readonly ProjectPolicy[] {
  const byName = Map.groupBy(before, ({ name }) => name);
  const bySource = governing(before.map((project) => ({ source: project.source, policy: project })));
  const owners = ownersOf(before);
  const unpromotable = Map.groupBy(
    policies.filter(({ project }) => !byName.has(project)),
    ({ project }) => project,
  );
  const standing = new Set(projects.map(({ name }) => name));
  const successorsOf = successorFinder(before.filter(({ name }) => !standing.has(name)));
  const treesFor = treeFinder(before, trees);
  return (project, repository) => {
    const image = pathBelow(project.source, repository) ?? '';
    const twins = byName.get(project.name) ?? [];
    const same = twins.filter(({ source }) => source === project.source);
    const places = project.destinations.map(({ name }) => joinRepository(name, image));
    const found = new Set<Project>(twins);
    if (same.length === 0) {
      for (const one of bySource(repository)) found.add(one);
      for (const one of successorsOf(places, image)) found.add(one);
    }
    for (const place of places) {
      const had = owners.get(place) ?? [];
      // a project that already promoted there may continue by its own rules
      if (!had.some((one) => same.includes(one))) for (const one of had) found.add(one);
    }
    const named = (policy: ProjectPolicy, names = [image]): ProjectPolicy => imagePolicy(policy, names);
    return [
      ...[...found].map((one) => named(one.policy ?? {}, [image, ...namesIn(one, places)])),
      ...(unpromotable.get(project.name) ?? []).map((one) => named({ provenance: one.provenance })),
      ...treesFor(project, same.length > 0).map((policy) => named(policy)),
    ];
  };
}

/** Returns the policy for one image. With several names, the strictest policy applies. */
function imagePolicy(policy: ProjectPolicy, names: readonly string[]): ProjectPolicy {
  const { provenance } = policy;
  if (provenance === undefined || provenance.levels.length === 0) return policy;
  return { ...policy, provenance: forImage(provenance)(names) };
}

/** Returns the image names under which a project would have promoted to these repositories. */
function namesIn({ destinations, policy }: Project, places: readonly RepositoryName[]): readonly string[] {
  if (policy?.provenance === undefined || policy.provenance.levels.length === 0) return [];
  return destinations.flatMap(({ name }) => places.flatMap((place) => pathBelow(name, place) ?? []));
}

/** Returns a finder of the policies of tree files that a project did not have in the base. */
function treeFinder(
  before: readonly Project[],
  trees: readonly LoadedTree[],
): (project: Project, isKnown: boolean) => readonly ProjectPolicy[] {
  const files = new Set(before.map(({ manifestFile }) => manifestFile));
  const ofTree = new Map(trees.map(({ file, policy }) => [file, policy]));
  return ({ manifestFile }, isKnown) => {
    if (files.has(manifestFile)) return [];
    const file = policyFileFor(manifestFile);
    // a new tree must satisfy the policies of all trees of the base
    const found = ofTree.has(file) ? [ofTree.get(file)] : isKnown ? [] : [...ofTree.values()];
    return found.flatMap((policy) => policy ?? []);
  };
}

/** Returns the projects that promoted to each repository. */
function ownersOf(projects: readonly Project[]): ReadonlyMap<RepositoryName, readonly Project[]> {
  const owners = new Map<RepositoryName, Project[]>();
  for (const project of projects)
    for (const image of new Set(project.images.map(({ name }) => name)))
      for (const { name } of project.destinations) {
        const place = joinRepository(name, image);
        const there = owners.get(place);
        if (there === undefined) owners.set(place, [project]);
        else there.push(project);
      }
  return owners;
}

/**
 * Returns a finder of removed projects that an image may come from: they promoted to its destination, or had an image
 * of its name.
 */
function successorFinder(
  gone: readonly Project[],
): (places: readonly RepositoryName[], image: string) => readonly Project[] {
  const above = governing(
    gone.flatMap((project) => project.destinations.map(({ name }) => ({ source: name, policy: project }))),
  );
  const byImage = new Map<string, Project[]>();
  for (const project of gone)
    for (const image of new Set(project.images.map(({ name }) => name)))
      byImage.set(image, [...(byImage.get(image) ?? []), project]);
  return (places, image) => [...(byImage.get(image) ?? []), ...places.flatMap((place) => above(place))];
}

function signersOf({ provenance }: ProjectPolicy, above: ProjectPolicies['provenance']): readonly SignerRule[] {
  return distinct([...(provenance === undefined ? [] : [provenance]), ...above]).flatMap(({ signers }) => signers);
}

function rulesOf({ vulnerabilities = RUN_RULES }: ProjectPolicy): VulnerabilityPolicy {
  return vulnerabilities;
}

/** The rules of the run apply anyway if there are no others. */
function bothRules(
  head: readonly VulnerabilityPolicy[],
  before: readonly VulnerabilityPolicy[],
  textOf: Texts,
): readonly VulnerabilityPolicy[] {
  const others = without(before, head, textOf).map((policy) => ({ ...policy, isBase: true as const }));
  const isRun = (policy: VulnerabilityPolicy): boolean => policy.at === RUN_RULES.at;
  if (head.length === 0 && others.every(isRun)) return [];
  return [...head, ...others.filter((policy) => !isRun(policy)), ...others.filter(isRun)];
}

/** Returns the policies that differ in content from the known ones, each once. */
function without<T extends object>(all: readonly T[], known: readonly T[], textOf: Texts): readonly T[] {
  const texts = new Set(known.map(textOf));
  return all.filter((one) => {
    const text = textOf(one);
    return !texts.has(text) && texts.add(text);
  });
}

/** Serializes policies. Caches the text, since thousands of images share a policy. */
type Texts = (said: object) => string;

function textsOfPolicies(): Texts {
  const known = new Map<object, string>();
  return (said) => {
    const text = known.get(said) ?? JSON.stringify(said, withoutPlaces);
    known.set(said, text);
    return text;
  };
}

function withoutPlaces(key: string, value: unknown): unknown {
  return key === 'at' || key === 'isBase' ? undefined : value;
}

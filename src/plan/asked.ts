import type { LoadedManifests, Project, SourcePolicy } from '../manifest/manifest.ts';
import { distinct, governing, policyKey } from '../policy/inheritance.ts';
import { NO_POLICIES, type ProjectPolicies, type ProjectPolicy } from '../policy/policies.ts';
import type { ImageSet, WantedImage } from './desired.ts';

/** What is asked of the images of one project in one repository. */
export type AskedOf = (project: Pick<Project, 'policy'>, repository: string) => ProjectPolicies;

/** What manifests ask, those included that are not promoted themselves. */
export function askedBy({ projects, policies }: Pick<LoadedManifests, 'projects' | 'policies'>): AskedOf {
  const above = governing(
    (policies ?? ofProjects(projects)).map(({ source, provenance }) => ({ source, policy: provenance })),
  );
  return ({ policy = {} }, repository) => ({
    provenance: distinct(above(repository)),
    ...ownOf([policy]),
  });
}

/** Everything that is asked of an image. */
export function policiesOf({ policies = NO_POLICIES }: WantedImage): ProjectPolicies {
  return policies;
}

/** The lists of types of which an artifact's must be in each. */
export function artifactTypesOf(image: WantedImage): ProjectPolicies['artifactTypes'] {
  return policiesOf(image).artifactTypes;
}

/** The same images, of which is asked besides what the tree before asks of them. */
export function alsoAskedBy(sets: readonly ImageSet[], before: LoadedManifests): ImageSet[] {
  const asked = askedBy(before);
  const byName = new Map<string, ProjectPolicy[]>();
  for (const { name, policy = {} } of before.projects) byName.set(name, [...(byName.get(name) ?? []), policy]);
  return sets.map((set) => {
    // a project that moves to another source registry takes along what was asked of it
    const own = byName.get(set.project) ?? [];
    const provenance = [...asked({}, set.source).provenance, ...own.flatMap((policy) => policy.provenance ?? [])];
    // all images of a set are of one project and one repository
    const policies = both(set.images[0]?.policies, provenance, own);
    return { ...set, images: set.images.map((image) => ({ ...image, policies })) };
  });
}

function both(
  head: ProjectPolicies | undefined,
  before: ProjectPolicies['provenance'],
  own: readonly ProjectPolicy[],
): ProjectPolicies {
  const known = new Set((head?.provenance ?? []).map(policyKey));
  const others = distinct(before).filter((policy) => !known.has(policyKey(policy)));
  const { artifactTypes, vulnerabilities } = ownOf(own);
  const isNew = <T extends { readonly at: unknown }>(all: readonly T[] = []) => {
    const texts = new Set(all.map(asText));
    return (one: T): boolean => !texts.has(asText(one));
  };
  return {
    provenance: [...(head?.provenance ?? []), ...others.map((policy) => ({ ...policy, isBase: true as const }))],
    artifactTypes: [...(head?.artifactTypes ?? []), ...artifactTypes.filter(isNew(head?.artifactTypes))],
    vulnerabilities: [...(head?.vulnerabilities ?? []), ...vulnerabilities.filter(isNew(head?.vulnerabilities))],
  };
}

/** What is said, wherever it stands. */
function asText(said: object): string {
  return JSON.stringify(said, (key, value: unknown) => (key === 'at' ? undefined : value));
}

function ownOf(policies: readonly ProjectPolicy[]): Pick<ProjectPolicies, 'artifactTypes' | 'vulnerabilities'> {
  return {
    artifactTypes: policies.flatMap(({ artifactTypes }) => artifactTypes ?? []),
    vulnerabilities: policies.flatMap(({ vulnerabilities }) => vulnerabilities ?? []),
  };
}

function ofProjects(projects: readonly Project[]): readonly Pick<SourcePolicy, 'source' | 'provenance'>[] {
  return projects.flatMap(({ source, policy }) =>
    policy?.provenance === undefined ? [] : [{ source, provenance: policy.provenance }],
  );
}

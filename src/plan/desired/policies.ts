import type { LoadedManifests, Project, SourcePolicy } from '../../manifest/manifest.ts';
import { pathBelow } from '../../image/reference.ts';
import { forImage } from '../../policy/image-levels.ts';
import { distinct, governing } from '../../policy/inheritance.ts';
import { NO_POLICIES, type ProjectPolicies, type ProjectPolicy } from '../../policy/policies.ts';
import type { WantedImage } from './desired.ts';

/** Returns the policies for the images of one project in one repository. */
export type PoliciesFor = (project: Project, repository: string) => ProjectPolicies;

/** Collects the policies of all manifests, including those that are not promoted in this run. */
export function policiesBy({
  projects,
  policies,
}: Pick<LoadedManifests, 'projects' | 'policies'>): (
  project: Pick<Project, 'policy'>,
  repository: string,
) => ProjectPolicies {
  const above = governing(
    (policies ?? ofProjects(projects)).map(({ source, provenance }) => {
      const policyFor = forImage(provenance);
      return { source, policy: (repository: string) => policyFor([pathBelow(source, repository) ?? '']) };
    }),
  );
  return ({ policy = {} }, repository) => ({
    provenance: distinct(above(repository).map((policyFor) => policyFor(repository))),
    ...ownOf([policy]),
  });
}

/** Returns all policies for an image. */
export function policiesOf({ policies = NO_POLICIES }: WantedImage): ProjectPolicies {
  return policies;
}

/** Returns the lists of artifact types; a type must be in each list. */
export function artifactTypesOf(image: WantedImage): ProjectPolicies['artifactTypes'] {
  return policiesOf(image).artifactTypes;
}

/** Returns the policies that apply only to a project's own images. */
export function ownOf(policies: readonly ProjectPolicy[]): Pick<ProjectPolicies, 'artifactTypes' | 'vulnerabilities'> {
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

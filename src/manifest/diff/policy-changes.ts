import { levelsByPattern } from '../../policy/image-levels.ts';
import { policyKey } from '../../policy/inheritance.ts';
import type { BuilderRule, ProvenancePolicy } from '../../policy/provenance.ts';
import type { VulnerabilityPolicy } from '../../policy/vulnerabilities/vulnerabilities.ts';
import type { Project } from '../manifest.ts';

/**
 * One change of a project's policy, registries or source. A side is undefined if it has none; for registries, each side
 * lists only those that the other lacks.
 */
export type PolicyChange = {
  readonly kind: 'source' | 'registries' | 'primary' | 'provenance' | 'artifactTypes' | 'vulnerabilities';
  readonly project: string;
  /** The manifest file of the project. */
  readonly file: string;
  readonly before?: string;
  readonly after?: string;
};

/** Returns the changes between two trees in what may be promoted, by project, in the order of the second tree. */
export function policyChanges(base: readonly Project[], head: readonly Project[]): PolicyChange[] {
  const before = new Map(base.map((project) => [project.manifestFile, project]));
  const after = new Set(head.map(({ manifestFile }) => manifestFile));
  const gone = base.filter(({ manifestFile }) => !after.has(manifestFile));
  return [
    ...head.flatMap((project) => changesOf(before.get(project.manifestFile), project)),
    ...gone.flatMap((project) => changesOf(project, undefined)),
  ];
}

function changesOf(base: Project | undefined, head: Project | undefined): PolicyChange[] {
  const named = head ?? base;
  if (named === undefined) return [];
  const [before, after] = [factsOf(base, head), factsOf(head, base)];
  return KINDS.flatMap((kind) => {
    const [was, is] = [before[kind], after[kind]];
    if (kind === 'provenance' ? provenanceKey(base) === provenanceKey(head) : was === is) return [];
    return [
      {
        kind,
        project: named.name,
        file: named.manifestFile,
        ...(was !== undefined && { before: was }),
        ...(is !== undefined && { after: is }),
      },
    ];
  });
}

function provenanceKey(project: Project | undefined): string {
  return policyKey(project?.policy?.provenance);
}

const KINDS = ['source', 'registries', 'provenance', 'artifactTypes', 'vulnerabilities'] as const;

function factsOf(
  project: Project | undefined,
  other: Project | undefined,
): Partial<Record<PolicyChange['kind'], string>> {
  if (project === undefined) return {};
  const { provenance, artifactTypes, vulnerabilities } = project.policy ?? {};
  const known = new Set(other?.destinations.map(({ name }) => name));
  const registries = project.destinations.map(({ name }) => name).filter((name) => !known.has(name));
  return {
    source: project.source,
    ...(registries.length > 0 && { registries: registries.toSorted().join(', ') }),
    ...(provenanceKey(project) !== 'off' && provenance && { provenance: provenanceText(provenance) }),
    ...(artifactTypes && { artifactTypes: artifactTypes.types.toSorted().join(', ') || 'none' }),
    ...(vulnerabilities && { vulnerabilities: vulnerabilityText(vulnerabilities) }),
  };
}

type ShownKey = Exclude<keyof ProvenancePolicy, 'mode' | 'at' | 'imageLevel' | 'isBase'>;

/** The words for each key, in order; none if it asks for nothing. */
const WORDS: { readonly [Key in ShownKey]: (policy: ProvenancePolicy) => readonly string[] } = {
  level: ({ level }) => (level > 0 ? [`level ${level}`] : []),
  levels: (policy) =>
    listed(
      'levels',
      [...levelsByPattern(policy)].map(([pattern, least]) => `${pattern} (level ${least})`),
    ),
  signers: ({ signers }) => listed('signers', textsOf(signers)),
  builders: ({ builders }) => listed('builders', builders.map(builderText)),
  sources: ({ sources }) => listed('sources', sources),
  predicateTypes: ({ predicateTypes }) => listed('also', predicateTypes),
};

/** Returns equal texts for equivalent policies. */
function provenanceText(policy: ProvenancePolicy): string {
  return [policy.mode, ...Object.values(WORDS).flatMap((words) => words(policy))].join('; ');
}

function builderText({ id, level, signers = [], caller }: BuilderRule): string {
  const clauses = [
    `level ${level}`,
    ...listed('by', textsOf(signers)),
    ...listed('called for', textsOf(caller?.refs ?? [])),
    ...listed('called by', caller?.workflows ?? []),
  ];
  return `${id} (${clauses.join(' ')})`;
}

function listed(name: string, texts: readonly string[]): readonly string[] {
  return texts.length === 0 ? [] : [`${name} ${[...new Set(texts)].toSorted().join(', ')}`];
}

function textsOf(patterns: readonly { readonly text: string }[]): readonly string[] {
  return patterns.map(({ text }) => text);
}

function vulnerabilityText({ threshold, exceptions }: VulnerabilityPolicy): string {
  const excepted = exceptions.map(
    ({ id, until, reason }) => `${id}${until === undefined ? '' : ` until ${until}`} (${reason})`,
  );
  return (
    [
      ...(threshold === undefined ? [] : [`threshold ${threshold}`]),
      ...(excepted.length === 0 ? [] : [`except ${excepted.toSorted().join(', ')}`]),
    ].join('; ') || 'nothing'
  );
}

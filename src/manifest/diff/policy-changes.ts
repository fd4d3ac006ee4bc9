import { levelsByPattern } from '../../policy/image-levels.ts';
import { policyKey } from '../../policy/inheritance.ts';
import type { ProvenancePolicy } from '../../policy/provenance.ts';
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
    if (was === is) return [];
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
    ...(policyKey(provenance) !== 'off' && provenance && { provenance: provenanceText(provenance) }),
    ...(artifactTypes && { artifactTypes: artifactTypes.types.toSorted().join(', ') || 'none' }),
    ...(vulnerabilities && { vulnerabilities: vulnerabilityText(vulnerabilities) }),
  };
}

/** Returns equal texts for equivalent policies. */
function provenanceText(policy: ProvenancePolicy): string {
  const { mode, level, signers, builders, sources, predicateTypes } = policy;
  const listed = (name: string, texts: readonly string[]): string[] =>
    texts.length === 0 ? [] : [`${name} ${[...new Set(texts)].toSorted().join(', ')}`];
  const builder = ({ id, level: reached, signers: named = [], caller }: ProvenancePolicy['builders'][number]): string =>
    `${id} (${[
      `level ${reached}`,
      ...listed(
        'by',
        named.map(({ text }) => text),
      ),
      ...(caller === undefined
        ? []
        : listed(
            'called for',
            caller.refs.map(({ text }) => text),
          )),
      ...listed('called by', caller?.workflows ?? []),
    ].join(' ')})`;
  return [
    mode,
    ...(level > 0 ? [`level ${level}`] : []),
    ...listed(
      'levels',
      [...levelsByPattern(policy)].map(([pattern, least]) => `${pattern} (level ${least})`),
    ),
    ...listed(
      'signers',
      signers.map(({ text }) => text),
    ),
    ...listed('builders', builders.map(builder)),
    ...listed('sources', sources),
    ...listed('also', predicateTypes),
  ].join('; ');
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

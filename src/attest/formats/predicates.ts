import { z } from 'zod';
import type { EvidenceItem } from '../../policy/provenance.ts';
import { exactJson } from '../../image/json.ts';
import { isSource } from '../../policy/sources.ts';
import { PROMOTION_RECORD } from './record.ts';
import { SIGNATURE } from './statement.ts';

/** Prefixes of predicate types; the version follows, and the fields that are read are the same in each version. */
const KINDS: readonly (readonly [prefix: string, kind: EvidenceItem['kind']])[] = [
  [SIGNATURE, 'signature'],
  [PROMOTION_RECORD, 'record'],
  ['https://slsa.dev/provenance/', 'provenance'],
  ['https://slsa.dev/verification_summary/', 'summary'],
  ['https://spdx.dev/Document', 'sbom'],
  ['https://cyclonedx.org/', 'sbom'],
  ['https://openvex.dev/ns', 'vex'],
  ['https://cosign.sigstore.dev/attestation/vuln/', 'vulnerabilities'],
  ['https://in-toto.io/attestation/vulns', 'vulnerabilities'],
];

/** Returns the kind of a statement with this predicate type; `other` for in-toto links and unknown types. */
export function kindOfPredicate(type: string | undefined): EvidenceItem['kind'] {
  return KINDS.find(([prefix]) => type?.startsWith(prefix))?.[1] ?? 'other';
}

const text = z.string().nullish();
const materialFields = { uri: text, digest: z.record(z.string(), z.unknown()).nullish() };
const material = exactJson(materialFields);
type Material = z.infer<typeof material>;
const materials = z.array(material).nullish();

/** Two spellings are in use; other readers disagree on provenance with both. */
const buildInvocation = z.union([
  exactJson({ buildInvocationId: text }).transform(({ buildInvocationId }) => buildInvocationId),
  exactJson({ buildInvocationID: text }).transform(({ buildInvocationID }) => buildInvocationID),
]);

// https://slsa.dev/spec/v0.2/provenance, and v0.1, which has a recipe instead of an invocation
const ProvenanceV0 = exactJson({
  builder: exactJson({ id: z.string().min(1) }),
  invocation: exactJson({
    configSource: exactJson({ ...materialFields, entryPoint: text }).nullish(),
  }).nullish(),
  recipe: exactJson({ definedInMaterial: z.int().nullish() }).nullish(),
  metadata: buildInvocation.nullish(),
  materials,
});

// https://slsa.dev/spec/v1.1/provenance
const ProvenanceV1 = exactJson({
  buildDefinition: exactJson({
    externalParameters: z.record(z.string(), z.unknown()).nullish(),
    resolvedDependencies: materials,
  }),
  runDetails: exactJson({
    builder: exactJson({ id: z.string().min(1) }),
    metadata: exactJson({ invocationId: text }).nullish(),
  }),
});

/** The claims of build provenance. */
export type BuildClaims = {
  readonly builder?: string;
  /** The build run. */
  readonly invocation?: string;
  /** The source repositories, each as `git+https://host/path[@ref]` if known. */
  readonly sources: readonly string[];
  /** Their commits, each with its repository. */
  readonly commits: readonly { readonly repository: string; readonly commit: string }[];
  /** The workflow that was started, as `https://host/path/file@ref`. */
  readonly config?: string;
};

const NOTHING: BuildClaims = { sources: [], commits: [] };

/** Returns the claims of SLSA provenance about the build; empty for other or malformed predicates. */
export function buildClaims(type: string, predicate: unknown): BuildClaims {
  if (kindOfPredicate(type) !== 'provenance') return NOTHING;
  const { data: newer } = ProvenanceV1.safeParse(predicate);
  if (newer !== undefined) {
    const { externalParameters, resolvedDependencies } = newer.buildDefinition;
    const parameters = externalParameters ?? {};
    const { builder, metadata } = newer.runDetails;
    const claims = claimsOf(builder.id, declaredSource(parameters), resolvedDependencies ?? []);
    const config = configOf(Workflow.safeParse(parameters['workflow']).data);
    return { ...claims, ...config, ...invocationOf(metadata?.invocationId) };
  }
  const { data } = ProvenanceV0.safeParse(predicate);
  if (data === undefined) return NOTHING;
  const all = data.materials ?? [];
  const configSource = data.invocation?.configSource;
  const configured = configSource?.uri || all[data.recipe?.definedInMaterial ?? -1]?.uri;
  const claims = claimsOf(data.builder.id, configured ?? undefined, configSource ? [...all, configSource] : all);
  const [, repository, ref] = /^(?:git\+)?([^@]*)@(.*)$/s.exec(configSource?.uri ?? '') ?? [];
  const config = configOf({ repository, ref, path: configSource?.entryPoint });
  return { ...claims, ...config, ...invocationOf(data.metadata) };
}

function invocationOf(id: string | null | undefined): Pick<BuildClaims, 'invocation'> {
  return id ? { invocation: id } : {};
}

const Workflow = exactJson({ repository: text, path: text, ref: text });

function configOf(workflow: z.infer<typeof Workflow> = {}): Pick<BuildClaims, 'config'> {
  const { repository, path, ref } = workflow;
  if (!repository || !ref || !path?.includes('/')) return {};
  return { config: `${repository.replace(/\.git$/, '')}/${path}@${ref}` };
}

/** The declared source of the build counts; without one, every Git repository among its materials does. */
function claimsOf(builder: string, declared: string | undefined, used: readonly Material[]): BuildClaims {
  const repositories = used.filter(isRepository).map(({ uri }) => gitAddress(uri ?? ''));
  const sources = declared ? [gitAddress(declared)] : [...new Set(repositories)];
  const ofSource = used.filter(({ uri }) => uri && sources.some((source) => isSource(withoutRef(source), uri)));
  const commits = ofSource.flatMap(({ uri, digest }) =>
    [digest?.['gitCommit'], digest?.['sha1']].flatMap((commit) =>
      uri && typeof commit === 'string' ? [{ repository: uri, commit }] : [],
    ),
  );
  return { builder, sources, commits };
}

function withoutRef(source: string): string {
  return source.replace(/@.*$/s, '');
}

/**
 * Parameters in which builders declare the source: slsa-github-generator and GitLab (`source`), Google Cloud Build,
 * BuildKit, and GitHub's own attestations. The first one present counts; the later ones say only how it is built.
 */
const PARAMETERS = ['source', 'sourceToBuild', 'configSource', 'buildConfigSource', 'workflow'] as const;

const Parameter = exactJson({ uri: text, repository: text, ref: text });

function declaredSource(parameters: Readonly<Record<string, unknown>>): string | undefined {
  for (const name of PARAMETERS) {
    const value = parameters[name];
    // GitHub writes a mapping; the name of a workflow is not a repository
    if (typeof value === 'string' && value !== '' && name !== 'workflow') return value;
    const { data } = Parameter.safeParse(value);
    if (data?.uri) return data.uri;
    if (data?.repository) return data.ref ? `${data.repository}@${data.ref}` : data.repository;
  }
  return undefined;
}

function isRepository({ uri, digest }: Material): boolean {
  if (!uri) return false;
  return /^git(?:\+|:)/.test(uri) || digest?.['gitCommit'] !== undefined || digest?.['sha1'] !== undefined;
}

/** Normalizes the address of a Git repository: with `git+`, the ref after `@`, and without `.git`. */
function gitAddress(uri: string): string {
  const [address = '', fragment] = uri.split('#', 2);
  const ref = fragment === undefined || fragment === '' ? '' : `@${fragment}`;
  const scheme = /^https?:\/\//.test(address) ? 'git+' : '';
  return `${scheme}${address.replace(/\.git(?=@|$)/, '')}${ref}`;
}

import { z } from 'zod';
import type { EvidenceItem } from '../policy/provenance.ts';
import { exactJson } from '../image/json.ts';
import { PROMOTION_RECORD } from './record.ts';
import { SIGNATURE } from './statement.ts';

/** How predicate types begin: their versions follow, and all that is read of them is the same in each. */
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

/** What a statement of this predicate type is; in-toto links and what nobody here knows are `other`. */
export function kindOfPredicate(type: string | undefined): EvidenceItem['kind'] {
  return KINDS.find(([prefix]) => type?.startsWith(prefix))?.[1] ?? 'other';
}

const text = z.string().nullish();
const material = exactJson({ uri: text, digest: z.record(z.string(), z.unknown()).nullish() });
type Material = z.infer<typeof material>;
const materials = z.array(material).nullish();

// https://slsa.dev/spec/v0.2/provenance, and v0.1, which has a recipe instead of an invocation
const ProvenanceV0 = exactJson({
  builder: exactJson({ id: z.string().min(1) }),
  invocation: exactJson({ configSource: exactJson({ uri: text }).nullish() }).nullish(),
  recipe: exactJson({ definedInMaterial: z.int().nullish() }).nullish(),
  materials,
});

// https://slsa.dev/spec/v1.1/provenance
const ProvenanceV1 = exactJson({
  buildDefinition: exactJson({
    externalParameters: z.record(z.string(), z.unknown()).nullish(),
    resolvedDependencies: materials,
  }),
  runDetails: exactJson({ builder: exactJson({ id: z.string().min(1) }) }),
});

/** Who built something, and from which repositories; each as `git+https://host/path[@ref]` where that can be told. */
export type BuildFacts = { readonly builder?: string; readonly sources: readonly string[] };

/** What SLSA provenance says of the build; nothing of other predicates, and of one that is malformed. */
export function buildFacts(type: string, predicate: unknown): BuildFacts {
  if (kindOfPredicate(type) !== 'provenance') return { sources: [] };
  const { data: newer } = ProvenanceV1.safeParse(predicate);
  if (newer !== undefined) {
    const { externalParameters, resolvedDependencies } = newer.buildDefinition;
    return factsOf(newer.runDetails.builder.id, declaredSource(externalParameters ?? {}), resolvedDependencies ?? []);
  }
  const { data } = ProvenanceV0.safeParse(predicate);
  if (data === undefined) return { sources: [] };
  const all = data.materials ?? [];
  const configured = data.invocation?.configSource?.uri || all[data.recipe?.definedInMaterial ?? -1]?.uri;
  return factsOf(data.builder.id, configured ?? undefined, all);
}

/** What the build was told to build is its source; without it, every Git repository that went into it is. */
function factsOf(builder: string, declared: string | undefined, used: readonly Material[]): BuildFacts {
  if (declared) return { builder, sources: [gitAddress(declared)] };
  const repositories = used.filter(isRepository).map(({ uri }) => gitAddress(uri ?? ''));
  return { builder, sources: [...new Set(repositories)] };
}

/**
 * Where builders say what they build: slsa-github-generator and GitLab (`source`), Google Cloud Build, BuildKit, and
 * GitHub's own attestations. The first that is there counts: what comes behind it is only how it is built.
 */
const PARAMETERS = ['source', 'sourceToBuild', 'configSource', 'buildConfigSource', 'workflow'] as const;

const Parameter = exactJson({ uri: text, repository: text, ref: text });

function declaredSource(parameters: Readonly<Record<string, unknown>>): string | undefined {
  for (const name of PARAMETERS) {
    const value = parameters[name];
    if (typeof value === 'string' && value !== '') return value;
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

/** One form for the addresses that builders write in several: with `git+`, the ref after `@`, and without `.git`. */
function gitAddress(uri: string): string {
  const [address = '', fragment] = uri.split('#', 2);
  const ref = fragment === undefined || fragment === '' ? '' : `@${fragment}`;
  const scheme = /^https?:\/\//.test(address) ? 'git+' : '';
  return `${scheme}${address.replace(/\.git(?=@|$)/, '')}${ref}`;
}

import { levelsByPattern } from './image-levels.ts';
import type { ProvenancePolicy } from './provenance.ts';

/** A registry and the policy of everything in it. */
type Governed<T> = { readonly source: string; readonly policy: T };

/**
 * Returns a function that lists the policies at and above a repository, the nearest first; names are compared by whole
 * components.
 */
export function governing<T>(all: readonly Governed<T>[]): (repository: string) => readonly T[] {
  const bySource = new Map<string, T[]>();
  for (const { source, policy } of all) {
    const there = bySource.get(source);
    if (there === undefined) bySource.set(source, [policy]);
    else there.push(policy);
  }
  return (repository) => selfAndParents(repository).flatMap((name) => bySource.get(name) ?? []);
}

/** Returns true for a repository at or below a registry. */
export function isWithin(repository: string, registry: string): boolean {
  return repository === registry || repository.startsWith(`${registry}/`);
}

function selfAndParents(repository: string): readonly string[] {
  const parts = repository.split('/');
  return parts.map((_, dropped) => parts.slice(0, parts.length - dropped).join('/'));
}

/** Returns equal texts for equivalent policies, in any order of their parts; all disabled policies are equivalent. */
export function policyKey(policy: ProvenancePolicy | undefined): string {
  if (policy === undefined || policy.mode === 'off') return 'off';
  const { at: _, isBase: __, ...rest } = policy;
  const levels = [...levelsByPattern(policy)].map(([pattern, level]) => ({ pattern, level }));
  return canonical({ ...rest, levels });
}

/** Returns JSON with sorted keys and lists, without duplicates, positions and compiled patterns. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${[...new Set(value.map(canonical))].toSorted().join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(
    ([key, one]) => key !== 'at' && one !== undefined && typeof one !== 'function',
  );
  return `{${entries
    .map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`)
    .toSorted()
    .join()}}`;
}

/** Returns each enabled policy once, in order. */
export function distinct(policies: readonly ProvenancePolicy[]): readonly ProvenancePolicy[] {
  const byKey = new Map<string, ProvenancePolicy>();
  for (const policy of policies) {
    const key = policyKey(policy);
    if (policy.mode !== 'off' && !byKey.has(key)) byKey.set(key, policy);
  }
  return [...byKey.values()];
}

import { levelsByPattern } from './image-levels.ts';
import type { ProvenancePolicy } from './provenance.ts';

/** A registry and the policy of everything in it. */
export type Governed<T> = { readonly source: string; readonly policy: T };

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
  const { mode, signers, builders, sources, predicateTypes, level, imageLevel } = policy;
  const sorted = (texts: readonly string[]): readonly string[] => [...new Set(texts)].toSorted();
  return JSON.stringify([
    mode,
    sorted(signers.map(({ text }) => text)),
    sorted(
      builders.map(({ id, level: reached, signers: named, caller }) =>
        JSON.stringify([
          id,
          reached,
          named && sorted(named.map(({ text }) => text)),
          caller && [sorted(caller.workflows), sorted(caller.refs.map(({ text }) => text))],
        ]),
      ),
    ),
    sorted(sources),
    sorted(predicateTypes),
    level,
    imageLevel,
    [...levelsByPattern(policy)].toSorted(([one], [other]) => (one < other ? -1 : 1)),
  ]);
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

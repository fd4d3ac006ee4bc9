import type { Scope } from './fetch.ts';

/**
 * Returns scopes as strings for a token server, `repository:<path>:<actions>`, one for each repository. All are sorted,
 * so that equal sets are equal lists.
 */
export function scopeStrings(scopes: readonly Scope[]): readonly string[] {
  return mergeScopes(scopes.map(({ repository, actions }) => `repository:${repository}:${actions.join(',')}`));
}

/**
 * Merges the permissions to one entry for each resource, sorted
 * (https://distribution.github.io/distribution/spec/auth/scope/).
 */
export function mergeScopes(scopes: readonly string[]): readonly string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of scopes) {
    const colon = scope.lastIndexOf(':');
    const resource = scope.slice(0, Math.max(0, colon));
    const known = actions.get(resource) ?? new Set();
    for (const action of scope.slice(colon + 1).split(',')) known.add(action);
    actions.set(resource, known);
  }
  return [...actions].map(([resource, set]) => `${resource}:${[...set].toSorted().join(',')}`).toSorted();
}

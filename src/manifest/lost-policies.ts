import type { LoadedManifests, Problem } from './manifest.ts';

/**
 * Reports trees whose policy file was removed while the tree exists: its projects would be promoted without the policy.
 */
export function lostPolicies(base: LoadedManifests, head: LoadedManifests): Problem[] {
  const without = new Set((head.trees ?? []).flatMap(({ file, policy }) => (policy === undefined ? [file] : [])));
  return (base.trees ?? [])
    .filter(({ file, policy }) => policy !== undefined && without.has(file))
    .map(({ file }) => ({
      code: 'POLICY_INVALID',
      message: `the policy of this tree was removed: before this change the tree has ${file}`,
      hint: 'restore it; to require nothing, write {} into the file',
      position: { file, line: 1, column: 1 },
    }));
}

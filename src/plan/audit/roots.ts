import { hostOf, type RepositoryName } from '../../image/reference.ts';

/** Returns the nearest root at or above a name. */
export function rootOf(name: RepositoryName, roots: Pick<ReadonlySet<string>, 'has'>): string | undefined {
  let above = name;
  while (!roots.has(above)) {
    const slash = above.lastIndexOf('/');
    if (slash < 0) return undefined;
    above = above.slice(0, slash);
  }
  return above;
}

/** Returns those of the names that are not below another one. */
export function topmost(names: ReadonlySet<string>): readonly string[] {
  return [...names].filter((name) => {
    const slash = name.lastIndexOf('/');
    return slash < 0 || rootOf(name.slice(0, slash), names) === undefined;
  });
}

/** Returns for each host the common parent of its roots, so that its catalog is read once. */
export function commonRoots(roots: readonly string[]): ReadonlyMap<string, string> {
  const common = new Map<string, string>();
  for (const root of roots) {
    const host = hostOf(root);
    const parts = (common.get(host) ?? root).split('/');
    const other = root.split('/');
    const end = parts.findIndex((part, index) => part !== other[index]);
    common.set(host, (end < 0 ? parts : parts.slice(0, end)).join('/'));
  }
  return common;
}

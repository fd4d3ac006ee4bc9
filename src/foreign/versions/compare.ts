/** The numbers of a version, and what follows its dash. */
export type Version = { readonly parts: readonly number[]; readonly pre: string };

/** Compares two versions: their numbers, then their pre-releases by `comparePre`. A pre-release precedes its release. */
export function compareVersions(
  a: Version,
  b: Version,
  comparePre: (a: readonly string[], b: readonly string[]) => number,
): number {
  for (let index = 0; index < Math.max(a.parts.length, b.parts.length); index += 1) {
    const order = (a.parts[index] ?? 0) - (b.parts[index] ?? 0);
    if (order !== 0) return order;
  }
  if (a.pre === b.pre) return 0;
  if (a.pre === '' || b.pre === '') return a.pre === '' ? 1 : -1;
  return comparePre(a.pre.split('.'), b.pre.split('.'));
}

import type { ProvenancePolicy } from './provenance.ts';

/** Finds the policy for an image of any of these names, of which the highest level counts. */
export type ForImage = (names: readonly string[]) => ProvenancePolicy;

/** Makes the policy for single images: the same object for all that must reach the same level. */
export function forImage(policy: ProvenancePolicy): ForImage {
  if (policy.levels.length === 0) return () => policy;
  const { levels: _, ...rest } = policy;
  const none: ProvenancePolicy = { ...rest, levels: [] };
  const at: Record<0 | 2 | 3, ProvenancePolicy> = {
    0: none,
    2: { ...none, imageLevel: 2 },
    3: { ...none, imageLevel: 3 },
  };
  return (names) => at[highestOf(policy, names)];
}

/** An image at the source registry itself has no name, which no pattern is meant to match. */
function highestOf({ levels }: ProvenancePolicy, names: readonly string[]): 0 | 2 | 3 {
  const named = names.filter((name) => name !== '');
  const found = levels.filter(({ images }) => images.some(({ matches }) => named.some(matches)));
  return found.reduce<0 | 2 | 3>((highest, { level }) => (level > highest ? level : highest), 0);
}

/** The patterns of levels that match none of these names: most likely misspelt, so that they require nothing. */
export function unmatchedPatterns({ levels }: ProvenancePolicy, names: readonly string[]): readonly string[] {
  const known = names.filter((name) => name !== '');
  const patterns = levels.flatMap(({ images }) => images);
  return [...new Set(patterns.filter(({ matches }) => !known.some(matches)).map(({ text }) => text))];
}

/** The level that each pattern requires in the end, so that the same requirements are the same however they are grouped. */
export function levelsByPattern({ levels }: ProvenancePolicy): ReadonlyMap<string, 2 | 3> {
  const highest = new Map<string, 2 | 3>();
  for (const { images, level } of levels)
    for (const { text } of images) if (level > (highest.get(text) ?? 0)) highest.set(text, level);
  return highest;
}

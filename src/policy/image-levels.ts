import type { ProvenancePolicy } from './provenance.ts';

/** Returns the policy for an image with any of these names; the highest level wins. */
type ForImage = (names: readonly string[]) => ProvenancePolicy;

/** Derives policies for single images: the same object for all images with the same level. */
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

/** An image at the source registry itself has no name, and no pattern should match it. */
function highestOf({ levels }: ProvenancePolicy, names: readonly string[]): 0 | 2 | 3 {
  const named = names.filter((name) => name !== '');
  const found = levels.filter(({ images }) => images.some(({ matches }) => named.some(matches)));
  return found.reduce<0 | 2 | 3>((highest, { level }) => (level > highest ? level : highest), 0);
}

/** Returns the level patterns that match none of these names: most likely misspelt, so that they have no effect. */
export function unmatchedPatterns({ levels }: ProvenancePolicy, names: readonly string[]): readonly string[] {
  const known = names.filter((name) => name !== '');
  const patterns = levels.flatMap(({ images }) => images);
  return [...new Set(patterns.filter(({ matches }) => !known.some(matches)).map(({ text }) => text))];
}

/** Returns the effective level of each pattern, so that equivalent requirements compare as equal. */
export function levelsByPattern({ levels }: ProvenancePolicy): ReadonlyMap<string, 2 | 3> {
  const highest = new Map<string, 2 | 3>();
  for (const { images, level } of levels)
    for (const { text } of images) if (level > (highest.get(text) ?? 0)) highest.set(text, level);
  return highest;
}

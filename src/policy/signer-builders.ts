import type { BuilderRule, EvidenceSigner, ProvenancePolicy, SignerRule } from './provenance.ts';

/** The builders and signers of a policy. */
type BuilderRules = Pick<ProvenancePolicy, 'signers' | 'builders'>;

/** Returns the policy's signers that match; a key matches none. */
export function signersOf({ signers }: BuilderRules, signer: EvidenceSigner | undefined): readonly SignerRule[] {
  return signer?.kind === 'keyless' ? signers.filter((rule) => rule.matches(signer)) : [];
}

/**
 * Returns the builders that a signature by any of these signers may claim: those that name one of them, or, if there
 * are none, those without signers.
 */
export function claimable({ builders }: BuilderRules, signers: readonly SignerRule[]): readonly BuilderRule[] {
  const texts = new Set(signers.map(({ text }) => text));
  const naming = builders.filter((builder) => builder.signers?.some(({ text }) => texts.has(text)));
  return naming.length > 0 ? naming : builders.filter((builder) => builder.signers === undefined);
}

/** A signer may claim any of these builders, and is trusted with the lowest of their levels. */
export function lowestLevel(builders: readonly BuilderRule[]): 0 | 1 | 2 | 3 {
  const [first, ...others] = builders.map(({ level }) => level);
  if (first === undefined) return 0;
  return others.reduce((lowest, level) => (level < lowest ? level : lowest), first);
}

/** Returns the highest level that build provenance can reach with these builders, by any signer. */
export function highestReachable(rules: BuilderRules): 0 | 1 | 2 | 3 {
  const levels = rules.signers.map((signer) => lowestLevel(claimable(rules, [signer])));
  return levels.reduce((highest, level) => (level > highest ? level : highest), 0);
}

/** Returns true for a builder with this ID; an ID without `@` matches it at any ref. */
export function coversBuilder(id: string, builder: string): boolean {
  return builder === id || (!id.includes('@') && builder.startsWith(`${id}@`));
}

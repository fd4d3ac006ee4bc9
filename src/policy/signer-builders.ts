import type { BuilderRule, EvidenceSigner, ProvenancePolicy, SignerRule } from './provenance.ts';

/** What of a policy its builders and signers are judged by. */
export type BuilderRules = Pick<ProvenancePolicy, 'signers' | 'builders'>;

/** The policy's signers that this is one of; a key is nobody. */
export function signersOf({ signers }: BuilderRules, signer: EvidenceSigner | undefined): readonly SignerRule[] {
  return signer?.kind === 'keyless' ? signers.filter((rule) => rule.matches(signer)) : [];
}

/**
 * The builders that a signature by any of these may claim: those that name one of them, or, where no builder does,
 * those that name nobody.
 */
export function claimable({ builders }: BuilderRules, signers: readonly SignerRule[]): readonly BuilderRule[] {
  const texts = new Set(signers.map(({ text }) => text));
  const naming = builders.filter((builder) => builder.signers?.some(({ text }) => texts.has(text)));
  return naming.length > 0 ? naming : builders.filter((builder) => builder.signers === undefined);
}

/** Who signs may claim any of these builders, and is trusted with no more than the least of them. */
export function lowestLevel(builders: readonly BuilderRule[]): 0 | 1 | 2 | 3 {
  const [first, ...others] = builders.map(({ level }) => level);
  if (first === undefined) return 0;
  return others.reduce((lowest, level) => (level < lowest ? level : lowest), first);
}

/** The highest level that build provenance can reach with these builders, by whichever signer. */
export function highestReachable(rules: BuilderRules): 0 | 1 | 2 | 3 {
  const levels = rules.signers.map((signer) => lowestLevel(claimable(rules, [signer])));
  return levels.reduce((highest, level) => (level > highest ? level : highest), 0);
}

/** True for a builder of this name; an id without `@` names it at any ref. */
export function coversBuilder(id: string, builder: string): boolean {
  return builder === id || (!id.includes('@') && builder.startsWith(`${id}@`));
}

import type { Position } from '../../errors.ts';
import type { BuilderRule, ProvenancePolicy } from '../../policy/provenance.ts';
import { expressionCost, parseSigner, type SignerRule } from '../../policy/signer.ts';
import { coversBuilder, highestReachable } from '../../policy/signer-builders.ts';
import type { YamlProblem } from '../../yaml/document.ts';
import type { Located } from '../../yaml/schema.ts';
import { quote } from '../../yaml/source-text.ts';
import { MOST, type WrittenProvenance } from './provenance-schema.ts';

/** Compiling takes about two microseconds and 200 bytes for each character of an expression: a second for one file. */
const MOST_EXPRESSIONS = 500_000;

/** The cost of the expressions that were compiled for one file. */
export type Spent = { expressions: number };

type Refuse = (problem: YamlProblem) => void;

/** Compiles a policy and checks that it can be satisfied. Returns undefined after reporting problems. */
export function readProvenance(
  { value: written, at }: Pick<Located<WrittenProvenance>, 'value' | 'at'>,
  report: Refuse,
  spent: Spent,
): ProvenancePolicy | undefined {
  let isValid = true;
  const refuse: Refuse = (problem) => {
    isValid = false;
    report(problem);
  };
  const signers = written.signers.flatMap((text, index) => compiled(text, at('signers', index), refuse, spent) ?? []);
  if (!isValid) return undefined;
  const known = new Map(signers.map((signer) => [signer.text, signer]));
  const builders = written.builders.map(({ signers: texts, caller, ...rest }, index): BuilderRule => {
    const named = texts.flatMap((text, place) => {
      const signer = known.get(text);
      if (signer === undefined) refuse(unknownSigner(text, at('builders', index, 'signers', place)));
      return signer ?? [];
    });
    return {
      ...rest,
      signers: named.length > 0 ? named : undefined,
      caller: caller ?? undefined,
      at: at('builders', index),
    };
  });
  const policy: ProvenancePolicy = { ...written, signers, builders, at: at() };
  if (written.mode !== 'off') checkComplete(policy, refuse);
  checkBuilders(builders, refuse);
  checkLevel(policy, written.level, at('level'), refuse);
  for (const [index, { level }] of written.levels.entries()) checkLevel(policy, level, at('levels', index), refuse);
  checkSize(policy, refuse);
  return isValid ? policy : undefined;
}

function compiled(text: string, position: Position, refuse: Refuse, spent: Spent): SignerRule | undefined {
  spent.expressions += expressionCost(text);
  const parsed =
    spent.expressions > MOST_EXPRESSIONS
      ? {
          message: 'is one regular expression too many, or too long',
          hint: 'name identities exactly, or by one expression',
        }
      : parseSigner(text);
  if ('value' in parsed) return parsed.value;
  refuse({ message: `an entry of "signers" ${parsed.message}`, hint: parsed.hint, position });
  return undefined;
}

function unknownSigner(text: string, position: Position): YamlProblem {
  const message = `the signer ${quote(text)} of a builder is not a signer of the policy`;
  return { message, hint: 'write it as under "signers" of the policy', position };
}

function checkComplete(policy: ProvenancePolicy, refuse: Refuse): void {
  for (const key of ['signers', 'builders', 'sources'] as const) {
    if (policy[key].length > 0) continue;
    const message = `"provenance" has no ${key}, which the mode ${policy.mode} needs`;
    refuse({ message, hint: `name at least one under "${key}"`, position: policy.at });
  }
}

function checkBuilders(builders: readonly BuilderRule[], refuse: Refuse): void {
  for (const [index, { id, signers: own, at }] of builders.entries()) {
    for (const earlier of builders.slice(0, index)) {
      if (earlier.id === id) {
        const message = `the builder ${quote(id)} is listed twice (line ${earlier.at.line})`;
        refuse({ message, hint: 'keep the stricter one', position: at });
      } else if ((own === undefined) !== (earlier.signers === undefined) && overlap(id, earlier.id)) {
        const message = `the builders ${quote(earlier.id)} and ${quote(id)} overlap, and only one names signers`;
        refuse({ message, hint: 'name signers at both', position: at });
      }
    }
  }
}

function overlap(one: string, other: string): boolean {
  return coversBuilder(one, other) || coversBuilder(other, one);
}

function checkLevel(policy: ProvenancePolicy, level: number, position: Position, refuse: Refuse): void {
  const highest = highestReachable(policy);
  if (highest === 0 || level <= highest) return;
  refuse({
    message: `no provenance can reach the level ${level}: with these builders ${highest} is the highest`,
    hint: 'a signer is trusted with the lowest level of the builders that it may claim: name the signers of each builder',
    position,
  });
}

/** Every image of a tree is compared with each pattern. */
function checkSize({ levels, at }: ProvenancePolicy, refuse: Refuse): void {
  const patterns = levels.reduce((sum, { images }) => sum + images.length, 0);
  if (patterns <= MOST) return;
  const message = `"levels" names ${patterns} images`;
  refuse({ message, hint: `name at most ${MOST}, with patterns such as charts/*`, position: at });
}

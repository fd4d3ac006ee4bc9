import { coversBuilder, highestReachable } from '../../policy/signer-builders.ts';
import type { BuilderRule, ProvenancePolicy } from '../../policy/provenance.ts';
import { expressionCost, parseSigner, readSigner, SIGNER_FORM, type SignerRule } from '../../policy/signer.ts';
import type { Position } from '../../errors.ts';
import {
  choice,
  explained,
  list,
  mapping,
  nullable,
  numberOf,
  placed,
  text,
  type Placed,
  type Read,
  type Rule,
  type RuleReading,
} from '../../yaml/rule.ts';
import { readText } from '../../yaml/scalars.ts';
import { quote } from '../../yaml/source-text.ts';
import { CALLER, IMAGE_PATTERN } from '../policy-patterns.ts';

const notBlank = (what: string): Rule<string> =>
  text((written) =>
    written.trim() === '' ? { message: 'is blank', hint: `write ${what}, or leave it out` } : { value: written },
  );

/** Compiling takes about two microseconds and 200 bytes for each character of an expression: a second for one file. */
const MOST_EXPRESSIONS = 500_000;

const signerText = text<string>((value) => {
  const read = readSigner(value);
  return 'message' in read ? read : { value };
}, SIGNER_FORM);
const signer: Rule<SignerRule> = {
  schema: signerText.schema,
  read: (node, what, reading) => {
    const found = signerText.read(node, what, reading);
    if (found === undefined) return undefined;
    reading.spent.expressions += expressionCost(found);
    const parsed =
      reading.spent.expressions > MOST_EXPRESSIONS
        ? {
            message: 'is one regular expression too many, or too long',
            hint: 'name identities exactly, or by one expression',
          }
        : parseSigner(found);
    if ('value' in parsed) return parsed.value;
    reading.refuse({ message: `${what} ${parsed.message}`, hint: parsed.hint, position: reading.at(node.offset) });
    return undefined;
  },
};
/** Each signature is held against each of them, and each builder against the others. */
const MOST = 200;
const signers = nullable(list(placed(signer), 'an entry of "signers"', MOST));
/** Those that a builder names are of the policy: nothing is compiled for them. */
const named = nullable(list(placed(signerText), 'an entry of "signers"', MOST));

const builderKeys = mapping(
  {
    id: explained(notBlank('the id of a builder'), 'As provenance names it; without @ it is the builder at any ref.'),
    level: explained(numberOf([1, 2, 3]), 'The SLSA build level that it is trusted with.'),
    signers: explained(named, 'Those of the policy’s signers that may claim this builder, as written there.'),
    caller: explained(
      nullable(CALLER),
      'Which runs of GitHub Actions may call this builder, if it is a reusable workflow.',
    ),
  },
  ['id', 'level'],
);

const builder: typeof builderKeys = {
  schema: builderKeys.schema,
  read: (node, what, reading) => {
    if (node.kind !== 'scalar') return builderKeys.read(node, what, reading);
    const id = readText(node);
    const shown = typeof id === 'string' && id !== '' ? quote(id) : '<id>';
    const position = reading.at(node.offset);
    reading.refuse({ message: `${what} has no level`, hint: `write {id: ${shown}, level: <1 to 3>}`, position });
    return undefined;
  },
};

const source = text<string>((written) => {
  if (written.trim() === '')
    return { message: 'is blank', hint: 'write a repository, for example github.com/acme/app' };
  return written.includes('@')
    ? {
        message: `is ${quote(written)}, which carries a ref`,
        hint: 'name the repository alone, and the refs under "caller" of a builder',
      }
    : { value: written };
}, '^[^@]*[^@\\s][^@]*$');

const levelKeys = mapping(
  {
    images: explained(
      list(IMAGE_PATTERN, 'an entry of "images"', MOST),
      'Names of images below the source registry, such as app or charts/*; * does not match a slash.',
    ),
    level: explained(numberOf([2, 3]), 'The SLSA build level that they must reach.'),
  },
  ['images', 'level'],
  ({ images }) =>
    images.length > 0 ? undefined : { message: 'names no image', hint: 'name at least one under "images"' },
);

const KEYS = {
  mode: explained(nullable(choice(['require', 'warn', 'off'])), 'What becomes of an image that does not satisfy it.'),
  signers: explained(
    signers,
    'Who may sign: sigstore::<issuer>::<identity>, or with annotations such as (identityMatch=regex).',
  ),
  builders: explained(
    nullable(list(builder, 'an entry of "builders"', MOST)),
    'Who may build, and how far each is trusted.',
  ),
  sources: explained(nullable(list(source, 'an entry of "sources"')), 'The repositories to build from, without a ref.'),
  predicateTypes: explained(
    nullable(list(notBlank('a predicate type'), 'an entry of "predicateTypes"')),
    'What must be attested besides build provenance.',
  ),
  level: explained(
    nullable(placed(numberOf([0, 2, 3]))),
    'The SLSA build level that provenance must reach; 0 for any.',
  ),
  levels: explained(
    nullable(list(levelKeys, 'an entry of "levels"', MOST)),
    'The SLSA build levels that single images must reach besides.',
  ),
} as const;
const keys = mapping(KEYS, []);

/** `provenance`, in a manifest and for a whole tree: upstream's format with upstream's rules. */
export const PROVENANCE: Rule<ProvenancePolicy> = {
  schema: keys.schema,
  read: (node, what, reading) => {
    const written = keys.read(node, what, reading);
    return written === undefined ? undefined : checked(written, reading);
  },
};

type Written = Read<typeof KEYS, never>;

function checked(written: Written, reading: RuleReading): ProvenancePolicy | undefined {
  const before = reading.problems.length;
  const { mode = 'off', position: at, level } = written;
  const own = written.signers ?? [];
  const known = new Map(own.map(({ value }) => [value.text, value]));
  const policy: ProvenancePolicy = {
    mode,
    signers: own.map(({ value }) => value),
    builders: (written.builders ?? []).map(({ position, signers: texts = [], caller, ...rest }) => ({
      ...rest,
      ...(caller !== undefined && { caller }),
      ...(texts.length > 0 && { signers: texts.flatMap(({ value }) => known.get(value) ?? []) }),
      at: position,
    })),
    sources: written.sources ?? [],
    predicateTypes: written.predicateTypes ?? [],
    level: level?.value ?? 0,
    levels: (written.levels ?? []).map(({ images, level: reached }) => ({ images, level: reached })),
    at,
  };
  if (mode !== 'off') checkComplete(policy, reading);
  for (const { signers: texts = [] } of written.builders ?? []) checkNamed(texts, known, reading);
  checkBuilders(policy.builders, reading);
  if (level !== undefined) checkLevel(policy, policy.level, level.position, reading);
  for (const one of written.levels ?? []) checkLevel(policy, one.level, one.position, reading);
  checkSize(policy, reading);
  return reading.problems.length > before ? undefined : policy;
}

function checkComplete(policy: ProvenancePolicy, reading: RuleReading): void {
  for (const key of ['signers', 'builders', 'sources'] as const) {
    if (policy[key].length > 0) continue;
    const message = `"provenance" has no ${key}, which the mode ${policy.mode} needs`;
    reading.refuse({ message, hint: `name at least one under "${key}"`, position: policy.at });
  }
}

function checkNamed(
  texts: readonly Placed<string>[],
  known: ReadonlyMap<string, SignerRule>,
  reading: RuleReading,
): void {
  for (const { value, position } of texts) {
    if (known.has(value)) continue;
    const message = `the signer ${quote(value)} of a builder is none of the policy's`;
    reading.refuse({ message, hint: 'write it as it stands under "signers" of the policy', position });
  }
}

function checkBuilders(builders: readonly BuilderRule[], reading: RuleReading): void {
  for (const [index, { id, signers: own, at }] of builders.entries()) {
    for (const earlier of builders.slice(0, index)) {
      if (earlier.id === id) {
        const message = `the builder ${quote(id)} stands twice (line ${earlier.at.line})`;
        reading.refuse({ message, hint: 'keep the stricter one', position: at });
      } else if ((own === undefined) !== (earlier.signers === undefined) && overlap(id, earlier.id)) {
        const message = `the builders ${quote(earlier.id)} and ${quote(id)} overlap, and only one names signers`;
        reading.refuse({ message, hint: 'name signers at both', position: at });
      }
    }
  }
}

function overlap(one: string, other: string): boolean {
  return coversBuilder(one, other) || coversBuilder(other, one);
}

function checkLevel(policy: ProvenancePolicy, level: number, position: Position, reading: RuleReading): void {
  const highest = highestReachable(policy);
  if (highest === 0 || level <= highest) return;
  const message = `no provenance can reach the level ${level}: with these builders ${highest} is the highest`;
  reading.refuse({
    message,
    hint: 'a signer is trusted with the least of the builders that it may claim: name at each builder who signs for it',
    position,
  });
}

/** Each image of a tree is held against each of them. */
function checkSize({ levels, at }: ProvenancePolicy, reading: RuleReading): void {
  const patterns = levels.reduce((sum, { images }) => sum + images.length, 0);
  if (patterns <= MOST) return;
  const message = `"levels" names ${patterns} images`;
  reading.refuse({ message, hint: `name at most ${MOST}, with patterns such as charts/*`, position: at });
}

import type { z } from 'zod';
import { readSigner, SIGNER_FORM } from '../../policy/signer.ts';
import { choice, errorText, list, mapping, numberOf, orElse, text } from '../../yaml/schema-parts.ts';
import { quote } from '../../yaml/source-text.ts';
import { CALLER, IMAGE_PATTERN } from '../policy-patterns.ts';

/** Limit of each list: every signature is compared with each signer, and every builder with the others. */
export const MOST = 200;

/** Returns a schema of texts that are not blank; `what` names such a text. */
const notBlank = (what: string) =>
  text((written) =>
    written.trim() === '' ? { message: 'is blank', hint: `write ${what}, or leave it out` } : undefined,
  );

/** The form of a signer; `readProvenance` compiles it. */
const signer = text((written) => {
  const read = readSigner(written);
  return 'message' in read ? read : undefined;
}, SIGNER_FORM);

const builder = mapping({
  id: notBlank('the id of a builder').describe('The id in provenance; an id without @ matches the builder at any ref.'),
  level: numberOf([1, 2, 3]).describe('The SLSA build level that it is trusted with.'),
  signers: orElse(list(signer, MOST), []).describe(
    'The signers of the policy that may claim this builder, written as there.',
  ),
  caller: CALLER.nullish().describe(
    'The runs of GitHub Actions that may call this builder, if it is a reusable workflow.',
  ),
});

const source = text((written) => {
  if (written.trim() === '')
    return { message: 'is blank', hint: 'write a repository, for example github.com/acme/app' };
  if (!written.includes('@')) return undefined;
  return {
    message: `is ${quote(written)}, which contains a ref`,
    hint: 'write the repository alone, and the refs under "caller" of a builder',
  };
}, '^[^@]*[^@\\s][^@]*$');

const imageLevel = mapping({
  images: list(IMAGE_PATTERN, MOST)
    .min(1, errorText({ message: 'names no image', hint: 'name at least one' }))
    .describe('Names of images below the source registry, such as app or charts/*; * does not match a slash.'),
  level: numberOf([2, 3]).describe('The SLSA build level that they must reach.'),
});

/** `provenance` in a manifest and in the policy of a tree: upstream's format with upstream's rules. */
export const PROVENANCE = mapping({
  mode: orElse(choice(['require', 'warn', 'off']), 'off').describe(
    'What happens to an image that does not satisfy the policy. Default: off.',
  ),
  signers: orElse(list(signer, MOST), []).describe(
    'Who may sign: sigstore::<issuer>::<identity>, or with annotations such as (identityMatch=regex).',
  ),
  builders: orElse(list(builder, MOST), []).describe('Who may build, and the level that each is trusted with.'),
  sources: orElse(list(source), []).describe('The repositories to build from, without a ref.'),
  predicateTypes: orElse(list(notBlank('a predicate type')), []).describe(
    'Predicate types that must be attested in addition to build provenance.',
  ),
  level: orElse(numberOf([0, 2, 3]), 0).describe(
    'The SLSA build level that provenance must reach; 0 for any. Default: 0.',
  ),
  levels: orElse(list(imageLevel, MOST), []).describe('Higher SLSA build levels that single images must reach.'),
});

export type WrittenProvenance = z.output<typeof PROVENANCE>;

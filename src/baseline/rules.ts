import type { z } from 'zod';
import type { Position } from '../errors.ts';
import { isPromotionError } from '../errors.ts';
import { isDigest, type Digest } from '../image/digest.ts';
import { DRIFT_CODES } from '../image/drift-codes.ts';
import { compilePattern } from '../image/pattern.ts';
import { GRAMMAR, isTag } from '../image/reference.ts';
import { choice, day, jsonSchema, list, mapping, notBlank, numberOf, text, textAs } from '../yaml/schema-parts.ts';
import { quote } from '../yaml/source-text.ts';

/** A fifth of the images of Kubernetes' production, and as many as the YAML reader takes. */
export const MOST_KNOWN = 50_000;

const pattern = textAs((written) => {
  try {
    return { value: compilePattern(written) };
  } catch (error) {
    if (!isPromotionError(error, 'USAGE')) throw error;
    return { message: `is not a pattern: ${error.message}`, hint: error.hint ?? '' };
  }
});

const digest = textAs<Digest>(
  (written) =>
    isDigest(written)
      ? { value: written }
      : { message: `is ${quote(written)}, not a digest`, hint: 'write sha256: and 64 hexadecimal digits' },
  '^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$',
);

const tag = text(
  (written) =>
    isTag(written)
      ? undefined
      : { message: `is ${quote(written)}, not a tag`, hint: 'write a tag as the audit prints it' },
  GRAMMAR.tag,
);

const known = mapping({
  code: choice(DRIFT_CODES).describe('The code of the difference.'),
  reference: pattern.describe('The image as the audit names it, with * and **.'),
  digest: digest.describe('Only for this digest.').exactOptional(),
  tags: list(tag).describe('Only if the difference is about these tags and no others.').exactOptional(),
  reason: notBlank.describe('Why it is accepted.'),
  until: day.describe('The last day on which it is accepted (UTC).'),
});

/** The baseline of `kpromo audit`. */
export const BASELINE = mapping({
  version: numberOf([1]).describe('The version of this format.'),
  known: list(known, MOST_KNOWN).describe('The differences that are known.'),
});

/** One entry of a baseline, with its position. */
export type KnownDrift = Readonly<z.output<typeof known>> & { readonly position: Position };

/** Returns the JSON schema of a baseline. */
export function baselineSchema(): string {
  return jsonSchema(BASELINE, 'The baseline of kpromo audit (--baseline)');
}

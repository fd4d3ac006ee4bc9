import { z } from 'zod';
import { quote } from './source-text.ts';

/** A problem of a value as a predicate, and a hint. */
export type Wrong = { readonly message: string; readonly hint: string };

/** Returns an error as `readAs` expects it: the predicate of the value, and in the next line the hint. */
export function errorText({ message, hint }: Wrong): string {
  return `${message}\n${hint}`;
}

/** Returns the error of a value that is not `expected`; `readAs` puts the value before it. */
export function not(expected: string, hint: string): string {
  return errorText({ message: `not ${expected}`, hint });
}

/** Returns a schema of texts that `problemOf` finds no problem in. `pattern` is the part that editors can check. */
export function text(problemOf: (written: string) => Wrong | undefined = () => undefined, pattern = '.') {
  return textAs((written) => problemOf(written) ?? { value: written }, pattern);
}

/** Returns a schema of texts that `parse` can read. `hint` says what to write instead of a number, null or boolean. */
export function textAs<T>(
  parse: (written: string) => { readonly value: T } | Wrong,
  pattern = '.',
  hint = 'write a text, or leave the key out',
) {
  return z
    .string(not('a text', hint))
    .meta({ pattern })
    .transform((written, context) => {
      const parsed = parse(written);
      if ('value' in parsed) return parsed.value;
      context.addIssue({ code: 'custom', message: errorText(parsed) });
      return z.NEVER;
    });
}

const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

/** A day of the calendar, such as `2026-12-31`. */
export const day = text((written) => {
  // Date.parse reads some days that are not in the calendar as others
  const isDay = DAY.test(written) && !Number.isNaN(Date.parse(written));
  if (isDay && new Date(written).toISOString().startsWith(written)) return undefined;
  const hint = 'write year-month-day, for example 2026-12-31';
  return { message: `is ${quote(written)}, which is not a day`, hint };
}, DAY.source);

/** A text for people. */
export const notBlank = text((written) =>
  written.trim() === '' ? { message: 'is blank', hint: 'write the text that people should read there' } : undefined,
);

/** Returns a schema of these words. */
export function choice<const W extends string>(words: readonly W[]) {
  const hint = `write ${alternatives(words)}`;
  return z.enum(words, {
    error: ({ input }) =>
      typeof input === 'string'
        ? errorText({ message: `is ${quote(input)}, which is unknown`, hint })
        : not('a text', hint),
  });
}

/** `true` or `false`, as YAML 1.2 spells them. */
export const bool = z.boolean(not('true or false', 'write true or false, without quotes'));

/** Returns a schema of numbers with decimal digits, from `least` on. */
export function number(least: number) {
  const kind = `a number of at least ${least}`;
  const error = not(kind, `write ${kind}, without quotes`);
  return z.number(error).min(least, error);
}

/** Returns a schema of whole numbers, from `least` on. */
export function wholeNumber(least: number) {
  const kind = `a whole number of at least ${least}`;
  const error = not(kind, `write ${kind}, without quotes`);
  return z.int(error).min(least, error);
}

/** Returns a schema of these numbers. */
export function numberOf<const N extends number>(numbers: readonly N[]) {
  const words = alternatives(numbers);
  return z.literal([...numbers], not(words, `write ${words}, without quotes`));
}

/** Ten times what people keep in one list; limits the work of what is done with each entry. */
const MOST_ENTRIES = 10_000;

/** Returns a schema of lists with at most `most` entries. */
export function list<S extends z.ZodType>(item: S, most: number = MOST_ENTRIES) {
  return z.array(item, not('a list', 'put "-" before each entry, or leave the key out')).max(most, {
    error: ({ input }) =>
      errorText({
        message: `has ${Array.isArray(input) ? input.length : 'too many'} entries`,
        hint: `write at most ${most}`,
      }),
  });
}

/** Returns a schema of mappings with exactly these keys; `problemOf` finds contradictions between them. */
export function mapping<S extends z.core.$ZodShape>(
  shape: S,
  problemOf: (value: z.output<z.ZodObject<S>>) => Wrong | undefined = () => undefined,
) {
  return z.strictObject(shape).superRefine((value, context) => {
    if (context.issues.length > 0) return;
    const problem = problemOf(value);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: errorText(problem) });
  });
}

/** Returns a schema that reads `fallback` from null and from a missing key. */
export function orElse<S extends z.ZodType>(schema: S, fallback: z.output<S>) {
  return schema.nullish().transform((value) => value ?? fallback);
}

/** Returns the JSON schema of what a schema reads, without `$schema`. */
export function schemaPart(schema: z.ZodType): object {
  const { $schema: _, ...part } = z.toJSONSchema(schema, { io: 'input' });
  return part;
}

/** Returns the JSON schema of the files that a schema reads. */
export function jsonSchema(schema: z.ZodType, title: string): string {
  const $schema = 'https://json-schema.org/draft/2020-12/schema';
  return `${JSON.stringify({ $schema, title, ...schemaPart(schema) }, null, 2)}\n`;
}

function alternatives(values: readonly (string | number)[]): string {
  return values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

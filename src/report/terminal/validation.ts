import { z } from 'zod';
import type { Failure } from '../../errors.ts';
import type { Loaded } from '../../phases/setup.ts';
import { Places, placesOf } from '../model/places.ts';
import { splitWarnings } from '../causes.ts';
import { count, shortDigests } from '../../text/layout.ts';
import { terminalLines } from '../../text/escape/terminal.ts';

const number = z.int().nonnegative();

const Problem = z.strictObject({
  severity: z
    .enum(['error', 'notice', 'warning'])
    .describe(
      'notice: the base also has the problem; warning: the entry has no effect, or leaves the tree. Neither fails the check.',
    ),
  code: z.string().describe('The error code; docs/problems.md explains each.'),
  message: z.string(),
  hint: z.string().optional().describe('How to correct it.'),
  file: z.string().optional(),
  line: number.optional(),
  column: number.optional(),
  image: z.string().optional(),
  digest: z.string().optional(),
  refs: z.array(z.string()).optional().describe('The affected destination references.'),
  places: Places,
});

const ValidationDocument = z.strictObject({
  version: z.literal(1).describe('Changes if a key changes its meaning or is removed; new keys do not change it.'),
  kpromo: z.string().describe('The version of the program.'),
  path: z.string().describe('The checked path, as written on the command line.'),
  valid: z.boolean().describe('True if there are no errors.'),
  base: z.string().optional().describe('With a diff: the commit that the files are compared with.'),
  images: number.describe('Source digests that can be promoted, according to the files.'),
  problems: z.array(Problem).describe('All problems, sorted by file and line.'),
});

type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** The result of a check of manifests, for programs. */
export type ValidationDocument = Frozen<z.infer<typeof ValidationDocument>>;

/** Returns the JSON schema of `kpromo validate --output json`. It allows unknown keys, for later versions. */
export function validationSchema(): string {
  const { $schema, ...rest } = z.toJSONSchema(ValidationDocument, {
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties;
    },
  });
  const title = 'The problems of a tree of manifests (kpromo validate --output json)';
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`;
}

/** Builds the document from the result of loading the manifests. */
export function validationDocument(
  { sets, failures, warnings = [], diff }: Pick<Loaded, 'sets' | 'failures' | 'warnings' | 'diff'>,
  about: Pick<ValidationDocument, 'kpromo' | 'path'>,
): ValidationDocument {
  const [old, others] = splitWarnings({ warnings });
  const numbered = (severity: ValidationDocument['problems'][number]['severity'], found: readonly Failure[]) =>
    found.map((one) => ({ severity, ...problemOf(one) }));
  return {
    version: 1,
    ...about,
    valid: failures.length === 0,
    base: diff?.commit,
    images: (diff?.all ?? sets).reduce((sum, { images }) => sum + images.length, 0),
    problems: [...numbered('error', failures), ...numbered('notice', old), ...numbered('warning', others)].toSorted(
      byPlace,
    ),
  };
}

function problemOf({ code, message, hint, at, image, digest, refs, places }: Failure) {
  return {
    code,
    message,
    hint,
    file: at?.file,
    line: at?.line,
    column: at?.column,
    image,
    digest,
    refs: refs && [...refs],
    ...placesOf(places),
  };
}

/** The text before the code of a problem. */
const WORDS: Readonly<Record<ValidationDocument['problems'][number]['severity'], string>> = {
  error: '',
  notice: 'already in the base ',
  warning: 'warning ',
};

/** Formats the document for people: every problem with its place and its hint. */
export function validationText({ path, valid, base, images, problems }: ValidationDocument): string {
  const lines = problems.flatMap(({ severity, code, message, hint, file = path, line, column }) => {
    const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
    return [
      `${place}  ${WORDS[severity]}${code}`,
      `    ${shortDigests(message)}`,
      ...(hint === undefined || hint === '' ? [] : [`    → ${shortDigests(hint)}`]),
      '',
    ];
  });
  const [wrong, old, warnings] = (['error', 'notice', 'warning'] as const).map(
    (severity) => problems.filter((problem) => problem.severity === severity).length,
  );
  const since = base === undefined ? '' : ` since ${base.slice(0, 12)}`;
  const isClean = valid && old === 0;
  const noun = since === '' ? 'problem' : 'new problem';
  const found = isClean ? 'valid' : valid ? `no ${noun}` : count(wrong ?? 0, noun);
  const counts = [
    `${path}: ${found}${isClean ? '' : since}`,
    `${count(images, 'image')}${isClean ? '' : ' without a problem'}`,
    ...some(old, 'problem', ' already in the base'),
    ...some(warnings, 'warning'),
  ];
  return terminalLines([...lines, counts.join(', ')]);
}

function some(found: number | undefined, noun: string, more = ''): string[] {
  return found === undefined || found === 0 ? [] : [`${count(found, noun)}${more}`];
}

function byPlace(one: ValidationDocument['problems'][number], other: ValidationDocument['problems'][number]): number {
  const [a, b] = [one.file ?? '', other.file ?? ''];
  if (a !== b) return a < b ? -1 : 1;
  return (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0);
}

import { z } from 'zod';
import type { Failure } from '../../errors.ts';
import type { Loaded } from '../../phases/setup.ts';
import { splitWarnings } from '../causes.ts';
import { count, shortDigests } from '../../text/layout.ts';
import { terminalLines } from '../../text/escape/terminal.ts';

const number = z.int().nonnegative();

const Problem = z.strictObject({
  severity: z
    .enum(['error', 'notice', 'warning'])
    .describe('A notice is of what the base has, too, and a warning of what has no effect; neither fails anything.'),
  code: z.string().describe('The error code; docs/problems.md explains each.'),
  message: z.string(),
  hint: z.string().optional().describe('What would be right.'),
  file: z.string().optional(),
  line: number.optional(),
  column: number.optional(),
  image: z.string().optional(),
  digest: z.string().optional(),
  refs: z.array(z.string()).optional().describe('The destination references that it concerns.'),
});

const ValidationDocument = z.strictObject({
  version: z.literal(1).describe('Changes when a key changes its meaning or goes; keys may be added without.'),
  kpromo: z.string().describe('The version of the program.'),
  path: z.string().describe('What was checked, as it was named.'),
  valid: z.boolean().describe('Whether there is no error.'),
  base: z.string().optional().describe('With a diff: the commit that the files are compared with.'),
  images: number.describe('Source digests that can be promoted, as far as the files say.'),
  problems: z.array(Problem).describe('All of them, in the order of files and lines.'),
});

type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** What a check of manifests says, for programs. */
export type ValidationDocument = Frozen<z.infer<typeof ValidationDocument>>;

/** The JSON schema of `kpromo validate --output json`; it allows keys of later versions. */
export function validationSchema(): string {
  const { $schema, ...rest } = z.toJSONSchema(ValidationDocument, {
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties;
    },
  });
  const title = 'What is wrong with a tree of manifests (kpromo validate --output json)';
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`;
}

/** Makes the document from what loading the manifests came to. */
export function validationDocument(
  { sets, failures, warnings = [], diff }: Pick<Loaded, 'sets' | 'failures' | 'warnings' | 'diff'>,
  about: Pick<ValidationDocument, 'kpromo' | 'path'>,
): ValidationDocument {
  const [old, others] = splitWarnings({ warnings });
  const told = (severity: ValidationDocument['problems'][number]['severity'], found: readonly Failure[]) =>
    found.map((one) => ({ severity, ...problemOf(one) }));
  return {
    version: 1,
    ...about,
    valid: failures.length === 0,
    ...(diff?.commit !== undefined && { base: diff.commit }),
    images: (diff?.all ?? sets).reduce((sum, { images }) => sum + images.length, 0),
    problems: [...told('error', failures), ...told('notice', old), ...told('warning', others)].toSorted(byPlace),
  };
}

function problemOf({ code, message, hint, at, image, digest, refs }: Failure) {
  return {
    code,
    message,
    ...(hint !== undefined && { hint }),
    ...(at !== undefined && { file: at.file, line: at.line, column: at.column }),
    ...(image !== undefined && { image }),
    ...(digest !== undefined && { digest }),
    ...(refs !== undefined && { refs: [...refs] }),
  };
}

/** What stands before the code of a problem. */
const WORDS: Readonly<Record<ValidationDocument['problems'][number]['severity'], string>> = {
  error: '',
  notice: 'already in the base ',
  warning: 'warning ',
};

/** The document for people: every problem with its place and its way out. */
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

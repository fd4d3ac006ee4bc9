import { z } from 'zod';
import type { Failure } from '../errors.ts';
import type { Loaded } from '../phases/setup.ts';
import { count, shortDigests } from './layout.ts';
import { terminalLines } from './text/terminal.ts';

const number = z.int().nonnegative();

const Problem = z.strictObject({
  severity: z.enum(['error', 'warning']).describe('A warning is of what has no effect; it fails nothing.'),
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
  valid: z.boolean(),
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
  { sets, failures, warnings = [] }: Pick<Loaded, 'sets' | 'failures' | 'warnings'>,
  about: Pick<ValidationDocument, 'kpromo' | 'path'>,
): ValidationDocument {
  const told = (severity: 'error' | 'warning', found: readonly Failure[]) =>
    found.map((one) => ({ severity, ...problemOf(one) }));
  return {
    version: 1,
    ...about,
    valid: failures.length === 0,
    images: sets.reduce((sum, { images }) => sum + images.length, 0),
    problems: [...told('error', failures), ...told('warning', warnings)].toSorted(byPlace),
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

/** The document for people: every problem with its place and its way out. */
export function validationText({ path, valid, images, problems }: ValidationDocument): string {
  const lines = problems.flatMap(({ severity, code, message, hint, file = path, line, column }) => {
    const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
    return [
      `${place}  ${severity === 'warning' ? 'warning ' : ''}${code}`,
      `    ${shortDigests(message)}`,
      ...(hint === undefined || hint === '' ? [] : [`    → ${shortDigests(hint)}`]),
      '',
    ];
  });
  const warnings = problems.filter(({ severity }) => severity === 'warning').length;
  const found = valid ? 'valid' : count(problems.length - warnings, 'problem');
  const good = `${count(images, 'image')}${valid ? '' : ' without a problem'}`;
  const also = warnings === 0 ? '' : `, ${count(warnings, 'warning')}`;
  return terminalLines([...lines, `${path}: ${found}, ${good}${also}`]);
}

function byPlace(one: ValidationDocument['problems'][number], other: ValidationDocument['problems'][number]): number {
  const [a, b] = [one.file ?? '', other.file ?? ''];
  if (a !== b) return a < b ? -1 : 1;
  return (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0);
}

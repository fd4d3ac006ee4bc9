import { z } from 'zod';
import type { Explanation, Fact } from '../../plan/explained/facts.ts';

const UNKNOWN = 'Why the fact is not known.';

const fact = <T extends z.ZodType>(known: T, description: string) =>
  z
    .union([z.strictObject({ known }), z.strictObject({ unknown: z.string().describe(UNKNOWN) })])
    .describe(`${description} Exactly one of \`known\` and \`unknown\` is there.`);

const text = z.string().optional();
const number = z.int().nonnegative();
const attached = z.enum(['verified', 'untrusted', 'failed', 'unverifiable', 'unsigned']);

const Entry = z.strictObject({
  project: z.string(),
  file: z.string(),
  line: number,
  column: number,
  source: z.string().describe('The staging repository.'),
  digest: z.string(),
  tags: z.array(z.string()),
});

const Place = z.strictObject({
  repository: z.string(),
  role: z.enum(['primary', 'mirror']),
  image: fact(z.enum(['there', 'missing']), 'Whether the repository has the digest.'),
  tags: fact(
    z.array(z.strictObject({ tag: z.string(), state: z.enum(['there', 'missing', 'moved']), digest: text })),
    'The tags of the reference; `moved` with the digest that the tag points to.',
  ),
  signature: fact(
    z.enum([...attached.options, 'routed']),
    'The worst state of the signatures of the image and its platforms; `routed` if clients find them on the primary.',
  ),
  record: fact(z.enum([...attached.options, 'routed']), 'The state of the promotion record.'),
});

const Document = z.strictObject({
  version: z.literal(1).describe('Changes when a key changes its meaning or goes; keys may be added without.'),
  kpromo: z.string().describe('The version of the program.'),
  reference: z.string().describe('The reference as it was given.'),
  status: z
    .enum(['promoted', 'partly promoted', 'not promoted', 'unmanaged', 'wanted', 'not wanted', 'unknown'])
    .describe(
      '`unmanaged`: production has it without an entry, or its entry left the tree. `wanted`, `not wanted`: with --offline, whether the tree has an entry.',
    ),
  why: z
    .array(z.strictObject({ code: z.string(), message: z.string(), hint: z.string() }))
    .describe('Why it is not promoted, and what to do. The codes are those of docs/problems.md, NO_ENTRY and NOT_RUN.'),
  image: fact(
    z.strictObject({
      name: z.string().describe('The name under which people pull.'),
      digest: z.string(),
      tags: z.array(z.string()),
      primary: z.string().describe('The repository on the primary registry.'),
    }),
    'The image.',
  ),
  entries: fact(z.array(Entry), 'The entries of the tree.'),
  added: fact(
    z.strictObject({
      id: z.string(),
      time: z.string().describe('When it was committed (RFC 3339).'),
      subject: z.string(),
      pullRequest: number.optional(),
    }),
    'The commit of the own branch that added the entry.',
  ),
  promoted: fact(
    z.strictObject({
      time: z.string(),
      builder: text,
      job: text,
      build: text,
      source: text,
      manifest: text,
      signer: z.string(),
    }),
    'The first promotion, by its verified record.',
  ),
  staging: fact(
    z.strictObject({ repository: z.string(), digest: z.string(), isThere: z.boolean() }),
    'Where the image comes from, and whether it is still there.',
  ),
  built: fact(
    z.strictObject({
      from: z.string().describe('The repository with the provenance.'),
      level: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3), z.literal('unevaluated')]),
      policy: z.enum(['passed', 'warned', 'failed', 'off']),
      builds: z.array(
        z.strictObject({ status: z.string(), builder: text, sources: z.array(z.string()), signer: text }),
      ),
    }),
    'Who built it: the build provenance, and the level that the policies accept.',
  ),
  signed: fact(z.strictObject({ status: attached, signer: text, why: text }), 'The signature on the primary registry.'),
  summary: fact(
    z.strictObject({
      result: z.string(),
      levels: z.array(z.string()),
      time: z.string(),
      signer: z.string(),
      isExpected: z.boolean().describe('Whether the signer is the expected one of images; summaries may have another.'),
    }),
    'The verification summary.',
  ),
  places: z.array(Place).describe('Each repository that must have the image, the primary first.'),
});

type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** Everything about one reference, for programs. */
export type ExplanationDocument = Frozen<z.infer<typeof Document>>;

/** Returns the JSON schema of `kpromo explain REF --output json`; it permits keys of later versions. */
export function explanationSchema(): string {
  const { $schema, ...rest } = z.toJSONSchema(Document, {
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties;
    },
  });
  return `${JSON.stringify({ $schema, title: 'Everything about one image (kpromo explain REF --output json)', ...rest }, null, 2)}\n`;
}

/** Makes the document of an explanation. */
export function explanationDocument(
  { entries, added, ...facts }: Explanation,
  about: Pick<ExplanationDocument, 'kpromo' | 'reference'>,
): ExplanationDocument {
  return {
    version: 1,
    ...about,
    ...facts,
    entries: mapped(entries, (all) =>
      all.map(({ at: { file, line, column }, ...entry }) => ({ ...entry, file, line, column })),
    ),
    added: mapped(added, ({ time, ...commit }) => ({ ...commit, time: new Date(time).toISOString() })),
  };
}

function mapped<T, U>(one: Fact<T>, map: (known: T) => U): Fact<U> {
  return 'known' in one ? { known: map(one.known) } : one;
}

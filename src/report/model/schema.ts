import { z } from 'zod';
import { Change } from './change.ts';
import { evidenceStatus, Image } from './image.ts';
import { Registry, Totals } from './totals.ts';
import { count, described, ms, published, type Model } from './values.ts';

const Problem = z.strictObject({
  phase: z.string(),
  code: described(z.string(), 'The error code; docs/problems.md explains each. INTERNAL is a defect of kpromo.'),
  message: z.string(),
  hint: described(z.string().optional(), 'What to do next.'),
  file: z.string().optional(),
  line: count.optional(),
  column: count.optional(),
  image: z.string().optional(),
  digest: z.string().optional(),
  source: z.string().optional(),
  refs: described(z.array(z.string()).optional(), 'The references in production that it concerns.'),
  inBase: described(z.literal(true).optional(), 'Of a warning, with a diff: a problem that the tree before has, too.'),
  cause: described(count, 'Failures with the same number have one cause; people are told of them once.'),
});

const statuses = z.strictObject({
  verified: count,
  untrusted: count,
  failed: count,
  unverifiable: count,
  unsigned: count,
});

const Check = z.strictObject({
  digests: count,
  beyond: described(count, 'Digests that --limit left out.'),
  signatures: described(statuses, 'Digest × repository pairs, each by the worst that was found.'),
  records: statuses,
  findings: z.array(
    z.strictObject({
      name: z.string(),
      reference: z.string(),
      digest: z.string(),
      subjects: described(z.array(z.string()), 'The digests it is about: the image, platforms of it, or both.'),
      what: z.enum(['signature', 'record']),
      status: z.enum([...evidenceStatus, 'unsigned']),
      words: z.string(),
      who: z.string().optional(),
      why: z.string().optional(),
      repositories: z.array(z.string()),
      places: described(count, 'How many repositories the image must be in.'),
    }),
  ),
  view: described(
    z
      .strictObject({
        digests: count,
        links: described(count, 'Links that were followed.'),
        broken: described(z.array(z.string()), 'Those that end elsewhere than on the primary, in words.'),
      })
      .optional(),
    'Digests that were looked at by the name that clients use.',
  ),
});

const Traffic = z.strictObject({
  start: described(z.number(), 'Milliseconds from the start of the run to the first step.'),
  step: described(ms, 'How many milliseconds each number is about.'),
  hosts: z.array(
    z.strictObject({
      host: described(z.string(), 'Empty for all hosts together that were too many to be told apart.'),
      requests: z.array(count),
      refused: described(z.array(count), 'Answered with 429 or 503.'),
      unanswered: z.array(count),
      limit: described(z.array(z.number().nullable()), 'Requests a second that kpromo allowed itself.'),
    }),
  ),
});

const Context = z.strictObject({
  command: described(z.string().optional(), 'The command line, without what may be secret.'),
  tree: described(z.string().optional(), 'The manifests, as they were named.'),
  commit: described(z.string().optional(), 'The commit of the manifests.'),
  repository: described(z.string().optional(), 'The Git repository of the manifests.'),
  primary: described(z.array(z.string()).optional(), 'The registries that signatures are written to first.'),
  signer: described(z.string().optional(), 'The identity that signs.'),
  job: described(z.string().optional(), 'The address, or else the name, of the CI job.'),
});

/** The result of a run as programs read it, and all that report files are made from. */
export const ReportDocument = z.strictObject({
  version: described(z.literal(2), 'Changes when a key changes its meaning or goes; keys may be added without.'),
  kpromo: z.string(),
  context: described(Context, 'What was run, on which files, in whose name, and where.'),
  mode: z.enum(['parse', 'dry-run', 'promote', 'replicate', 'check', 'repair']),
  outcome: described(
    z.enum(['done', 'pending', 'failed', 'stopped']),
    'failed: something went wrong; stopped: it ended early; pending: something is still to be done.',
  ),
  started: z.iso.datetime(),
  ms,
  aborted: described(z.string().optional(), 'Why it ended early.'),
  phases: z.array(z.strictObject({ name: z.string(), start: z.number(), ms, ended: z.enum(['done', 'broken']) })),
  totals: Totals,
  failures: z.array(Problem),
  warnings: described(
    z.array(Problem).optional(),
    'What fails nothing: problems that the tree before has, too (`inBase`), and what in the manifests has no effect.',
  ),
  text: described(z.string(), 'The plan of a dry run, or the summary of any other run, as the terminal shows it.'),
  images: described(z.array(Image), 'Those that were due or failed; complete ones are only counted.'),
  replication: described(Totals.optional(), 'Of --replicate-signatures.'),
  check: described(Check.optional(), 'Of kpromo sigcheck.'),
  change: described(Change.optional(), 'What a change of the manifests does, where a run looks at nothing else.'),
  registries: z.array(Registry),
  traffic: Traffic.optional(),
});

export type ReportDocument = Model<typeof ReportDocument>;
export type ReportedImage = ReportDocument['images'][number];
export type ReportedTarget = ReportedImage['targets'][number];
export type ReportedProblem = ReportDocument['failures'][number];

/** The JSON schema of a report; it allows keys of later versions. */
export function runReportSchema(): string {
  const schema = z.toJSONSchema(ReportDocument, {
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties;
    },
  });
  const { $schema, ...rest } = schema;
  return `${JSON.stringify({ $schema, title: 'The report of a run of kpromo (--report FILE.json)', ...rest }, published, 2)}\n`;
}

import { z } from 'zod';
import { Audit } from './audit.ts';
import { Change } from './change.ts';
import { evidenceStatus, Image } from './image.ts';
import { Inventory, Registry, Totals } from './totals.ts';
import { Places } from './places.ts';
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
  refs: described(z.array(z.string()).optional(), 'The affected references in production.'),
  places: Places,
  lasting: described(
    z.literal(true).optional(),
    'A retry does not cure it, although it cures other problems with this code, such as an invalid certificate.',
  ),
  inBase: described(z.literal(true).optional(), 'For a warning, with a diff: the base also has this problem.'),
  cause: described(count, 'Failures with the same number have one cause; texts for people show them once.'),
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
  signed: described(count.optional(), 'Digests that `--confirm` signed; absent if zero.'),
  recorded: described(count.optional(), 'Digests that `--confirm` recorded; absent if zero.'),
  beyond: described(count, 'Digests beyond --limit, which were not checked.'),
  signatures: described(statuses, 'Digest × repository pairs by their worst status.'),
  records: statuses,
  findings: z.array(
    z.strictObject({
      name: z.string(),
      reference: z.string(),
      digest: z.string(),
      subjects: described(z.array(z.string()), 'The affected digests: the image, platforms of it, or both.'),
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
        broken: described(z.array(z.string()), 'Links that do not lead to the primary, as text.'),
      })
      .optional(),
    'Digests that were checked through the name that clients use.',
  ),
});

const Traffic = z.strictObject({
  start: described(z.number(), 'Milliseconds from the start of the run to the first step.'),
  step: described(ms, 'The milliseconds that each number covers.'),
  hosts: z.array(
    z.strictObject({
      host: described(z.string(), 'Empty for the sum of all hosts beyond the limit.'),
      requests: z.array(count),
      refused: described(z.array(count), 'Answered with 429 or 503.'),
      unanswered: z.array(count),
      limit: described(z.array(z.number().nullable()), 'The rate limit of kpromo, in requests per second.'),
    }),
  ),
});

const Context = z.strictObject({
  command: described(z.string().optional(), 'The command line, without possible secrets.'),
  tree: described(z.string().optional(), 'The manifests, as they were named.'),
  commit: described(z.string().optional(), 'The commit of the manifests.'),
  repository: described(z.string().optional(), 'The Git repository of the manifests.'),
  primary: described(z.array(z.string()).optional(), 'The registries that signatures are written to first.'),
  signer: described(z.string().optional(), 'The identity that signs.'),
  job: described(z.string().optional(), 'The address, or else the name, of the CI job.'),
});

const Share = z.strictObject({
  index: described(count, 'Counted from 0.'),
  of: count,
  commit: described(z.string().optional(), 'The commit of the manifests; absent outside of Git.'),
  tree: described(
    z.string().optional(),
    'A digest of what the whole tree wants: equal if shards read the same tree. Absent if it was not read.',
  ),
  version: described(z.string(), 'The version of kpromo.'),
  flags: described(
    z.array(z.string()),
    'The flags and arguments that change the result, sorted; equal if shards are parts of one run.',
  ),
});

/** The result of a run for programs, and the source of all report files. */
export const ReportDocument = z.strictObject({
  version: described(z.literal(2), 'Changes if a key changes its meaning or is removed; new keys do not change it.'),
  kpromo: z.string(),
  context: described(Context, 'The command, its files, its signer and its job.'),
  shard: described(Share.optional(), 'The share of the tree, with --shard; `kpromo report merge` unites shares.'),
  mode: z.enum(['parse', 'dry-run', 'promote', 'replicate', 'check', 'repair', 'audit']),
  outcome: described(
    z.enum(['done', 'pending', 'failed', 'stopped']),
    'failed: there are problems; stopped: the run ended early; pending: changes are still to be made.',
  ),
  exitCode: described(count.optional(), 'The exit code of the command; docs/jobs.md explains each.'),
  started: z.iso.datetime(),
  ms,
  aborted: described(z.string().optional(), 'Why it ended early.'),
  phases: z.array(z.strictObject({ name: z.string(), start: z.number(), ms, ended: z.enum(['done', 'broken']) })),
  attached: described(
    z.literal(true).optional(),
    'Of a replication alone: all images are signatures and attestations.',
  ),
  tagsLast: described(z.literal(true).optional(), 'Tags are written after signatures.'),
  totals: Totals,
  failures: z.array(Problem),
  warnings: described(
    z.array(Problem).optional(),
    'Problems that do not fail the run: those that the base also has (`inBase`), and entries without effect.',
  ),
  text: described(z.string(), 'The plan of a dry run, or the summary of any other run, as the terminal shows it.'),
  images: described(z.array(Image), 'Images that were pending or failed; complete ones are only counted.'),
  replication: described(Totals.optional(), 'Of --replicate-signatures.'),
  check: described(Check.optional(), 'Of kpromo sigcheck.'),
  audit: described(Audit.optional(), 'Of kpromo audit.'),
  inventory: described(Inventory.optional(), 'With --inventory-cache: which repositories were not read.'),
  change: described(Change.optional(), 'The effect of a change of the manifests, if the run processes only a diff.'),
  registries: z.array(Registry),
  traffic: Traffic.optional(),
});

export type ReportDocument = Model<typeof ReportDocument>;
export type ReportedImage = ReportDocument['images'][number];
export type ReportedTarget = ReportedImage['targets'][number];
export type ReportedProblem = ReportDocument['failures'][number];

/** Returns the JSON schema of a report. It allows unknown keys, for later versions. */
export function runReportSchema(): string {
  const schema = z.toJSONSchema(ReportDocument, {
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties;
    },
  });
  const { $schema, ...rest } = schema;
  return `${JSON.stringify({ $schema, title: 'The report of a run of kpromo (--report FILE.json)', ...rest }, published, 2)}\n`;
}

import { z } from 'zod';

const count = z.int().nonnegative();
const ms = z.number().nonnegative();
const described = <T extends z.ZodType>(type: T, description: string): T => type.describe(description);

const Target = z.strictObject({
  mirror: described(z.string(), 'The reference without the name of the image: the same for all images of a mirror.'),
  ref: z.string(),
  action: described(
    z.enum(['present', 'copy', 'tag', 'failed', 'unknown']),
    'What was done, or with `pending` is still to be done; unknown: the mirror gave no answer, or the run was stopped.',
  ),
  pending: z.literal(true).optional(),
  reason: z.string().optional(),
  code: described(z.string().optional(), 'The error code; docs/problems.md explains each.'),
  attempts: count,
  requests: count,
  bytes: count,
  ms,
});

const Signature = z.looseObject({
  repository: z.string(),
  reference: z.string(),
  why: z.enum(['due', 'entered']),
  signature: z.enum(['written', 'there', 'unwanted', 'missing']),
  record: z.enum(['written', 'there', 'missing']),
  carried: described(count.optional(), 'Attestations that were copied from staging.'),
  summary: described(z.string().optional(), 'The verification summary, where one is written.'),
});

const evidenceStatus = ['verified', 'untrusted', 'failed', 'unverifiable'] as const;

const Provenance = z.looseObject({
  signature: z.enum([...evidenceStatus, 'unsigned']),
  attestations: z.enum([...evidenceStatus, 'unattested']),
  mode: z.enum(['off', 'warn', 'require']),
  result: z.enum(['passed', 'warned', 'failed', 'off']),
  level: z.union([count, z.literal('unevaluated')]),
  signer: z.string().optional(),
  builder: z.string().optional(),
  source: z.string().optional(),
  violations: z.array(z.looseObject({ code: z.string(), message: z.string(), hint: z.string() })),
  evidence: z.array(z.looseObject({ subject: z.string(), kind: z.string(), status: z.string() })),
});

const Vulnerabilities = z.looseObject({
  state: z.enum(['scanned', 'not-scanned', 'failed']),
  result: z.enum(['passed', 'over', 'not-scanned', 'failed']),
  scanner: z.string(),
  threshold: described(z.int(), 'The lowest severity that holds the image back; -1 where none does.'),
  reason: z.string().optional(),
  findings: z.array(
    z.looseObject({
      id: z.string(),
      severity: described(count, 'From 0, unspecified, to 5, critical.'),
      package: z.string(),
      version: z.string(),
      verdict: z.string(),
    }),
  ),
});

const Mirror = z.strictObject({
  name: z.string(),
  state: described(
    z.enum(['present', 'done', 'pending', 'failed', 'unknown']),
    'present: complete before the run; done: written and read back; unknown: not known whether it is there.',
  ),
  code: described(z.string().optional(), 'Of a mirror that could not be read: the error code.'),
  reason: z.string().optional(),
});

const Image = z.strictObject({
  name: z.string(),
  digest: z.string(),
  tags: z.array(z.string()),
  source: z.string(),
  file: z.string(),
  line: count,
  attached: described(z.literal(true).optional(), 'A signature or attestation of the digest, copied to mirrors.'),
  mirrors: described(
    z.array(Mirror).optional(),
    'All that must have it, each with its state; `targets` are the references of those that lacked something.',
  ),
  size: described(count.optional(), 'Bytes of its manifests and blobs, where they were read.'),
  sourceReads: count,
  targets: z.array(Target),
  signature: Signature.optional(),
  provenance: Provenance.optional(),
  vulnerabilities: Vulnerabilities.optional(),
});

const ImageChange = z.strictObject({
  kind: z.enum(['added', 'retagged', 'backfilled', 'resourced']),
  project: z.string(),
  name: z.string(),
  digest: z.string(),
  source: z.string(),
  tags: z.array(z.string()),
  mirrors: z.array(z.string()),
});

const Setting = z.strictObject({
  kind: z.enum(['source', 'registries', 'primary', 'provenance', 'artifactTypes', 'vulnerabilities']),
  project: z.string(),
  file: z.string(),
  before: z.string().optional(),
  after: z.string().optional(),
});

const Change = z.strictObject({
  commit: described(z.string().optional(), 'What the tree is compared with; absent when there was nothing before.'),
  changes: z.array(ImageChange),
  removed: described(z.array(ImageChange), 'What is no longer managed; it stays in production.'),
  settings: described(
    z.array(Setting).optional(),
    'What differs in where images come from and go to, and in what is asked of them.',
  ),
});

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

const Signing = z.looseObject({
  signed: count,
  recorded: count,
  complete: described(count, 'Looked at and found to have all of it.'),
  left: described(count, 'Still without a signature or record.'),
  unsigned: described(count, 'Without a signature, and not looked at as they are older than what is repaired.'),
  summarized: count.optional(),
  carried: count.optional(),
  stuck: count.optional(),
});

const totals = {
  images: described(count, 'Source digests that the manifests name, or with a diff those that it touches.'),
  unchanged: count.optional(),
  repositories: count,
  present: described(count, 'Image × mirror pairs that were complete before.'),
  pending: count,
  copied: count,
  tagged: count,
  failed: described(count, 'References that could not be planned, read or written.'),
  unknown: described(
    count,
    'References of which nobody knows whether they are there: of a mirror that could not be read (in `failed`, too), or of a run that was stopped.',
  ),
  promoted: described(count, 'Images that this run wrote and that are complete on all their mirrors.'),
  requests: count,
  bytes: described(count, 'Sent and received.'),
  sourceReads: count,
  signing: Signing.optional(),
};

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
  totals: z.strictObject(totals),
  failures: z.array(Problem),
  warnings: described(
    z.array(Problem).optional(),
    'What fails nothing: problems that the tree before has, too (`inBase`), and what in the manifests has no effect.',
  ),
  text: described(z.string(), 'The plan of a dry run, or the summary of any other run, as the terminal shows it.'),
  images: described(z.array(Image), 'Those that were due or failed; complete ones are only counted.'),
  replication: described(z.strictObject(totals).optional(), 'Of --replicate-signatures.'),
  check: described(Check.optional(), 'Of kpromo sigcheck.'),
  change: described(Change.optional(), 'What a change of the manifests does, where a run looks at nothing else.'),
  registries: z.array(
    z.strictObject({
      host: z.string(),
      repositories: count,
      failed: described(count, 'Repositories that could not be read, and references that could not be written.'),
      unread: described(count, 'The repositories among them.'),
      requests: count,
      bytes: count,
    }),
  ),
  traffic: Traffic.optional(),
});

type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

export type ReportDocument = Frozen<z.infer<typeof ReportDocument>>;
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
  return `${JSON.stringify({ $schema, title: 'The report of a run of kpromo (--report FILE.json)', ...rest }, null, 2)}\n`;
}

import { z } from 'zod';
import type { Failure } from '../../errors.ts';
import { DRIFT_CODES } from '../../image/drift-codes.ts';
import type { RunFacts } from '../../pipeline/run-facts.ts';
import { count, described, published, type Model } from './values.ts';

const Known = z.strictObject({
  reason: z.string(),
  until: described(z.string(), 'The last day on which it is accepted.'),
});

/** One difference between production and the tree. */
const Finding = z.strictObject({
  code: z.enum(DRIFT_CODES),
  reference: described(z.string(), 'The name under which people pull the image.'),
  digest: z.string(),
  tags: described(z.array(z.string()), 'The tags that it is about; empty if it is about the digest alone.'),
  message: z.string(),
  hint: described(z.string(), 'What to do next.'),
  places: described(
    z.array(
      z.strictObject({
        ref: z.string(),
        found: described(z.string().optional(), 'The digest that a moved tag names.'),
      }),
    ),
    'The references in production that it concerns.',
  ),
  mirrors: described(
    z
      .strictObject({ complete: count, of: count, unread: described(count, 'Mirrors that could not be read.') })
      .optional(),
    'Of MISSING and PARTIAL: on how many mirrors it is complete.',
  ),
  source: described(z.string().optional(), 'Of an entry of the tree: where it is promoted from.'),
  file: z.string().optional(),
  line: count.optional(),
  commit: described(
    z.strictObject({ id: z.string(), subject: z.string(), time: z.iso.datetime() }).optional(),
    'Of UNMANAGED: the commit that removed the entry; absent if that is not committed.',
  ),
  unknown: described(z.string().optional(), 'Of EXTRA: why it may have been in the tree before.'),
  known: described(Known.optional(), 'The entry of the baseline that accepts it.'),
});

/** The result of an audit. */
export const Audit = z.strictObject({
  images: described(count, 'Source digests that were compared.'),
  repositories: described(count, 'Destination repositories of the tree that were compared.'),
  findings: z.array(Finding),
  notes: described(z.array(z.string()), 'The parts that were not compared.'),
  baseline: described(
    z
      .array(
        z.strictObject({
          why: z.enum(['expired', 'unused']),
          code: z.string(),
          reference: z.string(),
          until: z.string(),
          file: z.string(),
          line: count,
        }),
      )
      .optional(),
    'Entries of the baseline that accept nothing.',
  ),
});

/** Returns the JSON schema of `kpromo audit --output json`. It allows unknown keys, for later versions. */
export function auditSchema(): string {
  const { $schema, ...rest } = z.toJSONSchema(AuditDocument, {
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties;
    },
  });
  return `${JSON.stringify({ $schema, title: 'An audit of kpromo (kpromo audit --output json)', ...rest }, published, 2)}\n`;
}

/** Builds the document that is printed as JSON and as text. */
export function auditDocument({
  images,
  repositories,
  findings,
  notes,
  baseline,
  failures,
  run,
}: AuditReport): AuditDocument {
  const isComplete = failures.length === 0 && run.aborted === undefined;
  const more = baseline !== undefined && { baseline };
  return { version: 1, complete: isComplete, images, repositories, findings, notes, ...more };
}

export type AuditDocument = Model<typeof AuditDocument>;
export type AuditModel = Model<typeof Audit>;
const AuditDocument = z.strictObject({
  version: described(z.literal(1), 'Changes when a key changes its meaning or goes; keys may be added without.'),
  complete: described(
    z.boolean(),
    'False if something could not be read: then the log says what, and more may differ.',
  ),
  ...Audit.shape,
});

export type AuditFinding = AuditModel['findings'][number];

/** The report of an audit, from which all its output is printed. */
export type AuditReport = AuditModel & {
  readonly run: RunFacts;
  readonly failures: readonly Failure[];
  readonly totals: {
    readonly images: number;
    readonly repositories: number;
    /** Differences that no baseline accepts. */
    readonly pending: number;
    /** Differences that the baseline accepts. */
    readonly known: number;
    readonly requests: number;
    readonly bytes: number;
  };
};

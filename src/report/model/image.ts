import { z } from 'zod';
import { count, described, ms, open, unpublished } from './values.ts';

/** `pending` targets are those that a dry run would have written; of `unknown` ones nobody knows whether they are there. */
export const Target = z.strictObject({
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

/** What is signed of an image on its primary: `unwanted` for a digest without tags, `missing` for what failed or was not done. */
export const Signature = z.strictObject({
  repository: z.string(),
  /** The name that is signed. */
  reference: z.string(),
  why: z.enum(['due', 'entered']),
  signature: z.enum(['written', 'there', 'unwanted', 'missing']),
  record: z.enum(['written', 'there', 'missing']),
  carried: described(count.optional(), 'Attestations that were copied from staging.'),
  /** `stuck` for a poor one that is kept, `unknown` where staging has the image no longer. */
  summary: described(
    open<'written' | 'there' | 'stuck' | 'unknown' | 'missing'>().optional(),
    'The verification summary, where one is written.',
  ),
});

/** `untrusted`: a good signature by somebody who is not known; `unverifiable`: nobody here can tell. */
export const evidenceStatus = ['verified', 'untrusted', 'failed', 'unverifiable'] as const;

/** Why a policy does not take an image; `file` and `line` are those of the policy. */
const Violation = z.strictObject({
  code: open<'PROVENANCE' | 'TAMPERED'>(),
  message: z.string(),
  hint: z.string(),
  file: unpublished(z.string().optional()),
  line: unpublished(count.optional()),
});

/** One signature or statement in staging. */
const Evidence = z.strictObject({
  /** The digest that it is about: the image, or a platform of it. */
  subject: z.string(),
  kind: z.string(),
  form: unpublished(z.enum(['bundle', 'sig', 'sig-referrer', 'att'])),
  status: open<(typeof evidenceStatus)[number]>(),
  predicateType: unpublished(z.string().optional()),
  signer: unpublished(z.string().optional()),
  builder: unpublished(z.string().optional()),
  /** The digest, or cosign's tag, that holds it. */
  manifest: unpublished(z.string()),
  reason: unpublished(z.string().optional()),
});

/** What is attached to an image in staging, and what its policies say of that. */
export const Provenance = z.strictObject({
  /** Of the digest itself: the best that is there, or `failed` for something that was tampered with. */
  signature: z.enum([...evidenceStatus, 'unsigned']),
  attestations: z.enum([...evidenceStatus, 'unattested']),
  /** The strictest of its policies; `off` where there is none. */
  mode: z.enum(['off', 'warn', 'require']),
  result: z.enum(['passed', 'warned', 'failed', 'off']),
  /** The SLSA build level. */
  level: z.union([count, z.literal('unevaluated')]),
  signer: z.string().optional(),
  builder: z.string().optional(),
  source: z.string().optional(),
  violations: z.array(Violation),
  /** All of it, that of platforms too. */
  evidence: z.array(Evidence),
});

/** One weakness of one package. */
const Finding = z.strictObject({
  id: z.string(),
  severity: described(count, 'From 0, unspecified, to 5, critical.'),
  package: z.string(),
  version: z.string(),
  fixedIn: unpublished(z.string().optional()),
  score: unpublished(z.number().optional()),
  platform: unpublished(z.string().optional()),
  source: unpublished(z.string()),
  verdict: open<'over' | 'below' | 'excepted' | 'not-affected' | 'fixed'>(),
  /** Of what is left out: why, and who says so. */
  reason: unpublished(z.string().optional()),
});

/** What scanners know of an image: nothing, unless its state is `scanned`. */
export const Vulnerabilities = z.strictObject({
  state: z.enum(['scanned', 'not-scanned', 'failed']),
  result: z.enum(['passed', 'over', 'not-scanned', 'failed']),
  scanner: z.string(),
  threshold: described(z.int(), 'The lowest severity that holds the image back; -1 where none does.'),
  reason: z.string().optional(),
  /** All of them, the worst first. */
  findings: z.array(Finding),
});

/** What is known of an image on one registry; `pending` is still to be written, `failed` not complete. */
export const Mirror = z.strictObject({
  name: z.string(),
  state: described(
    z.enum(['present', 'done', 'pending', 'failed', 'unknown']),
    'present: complete before the run; done: written and read back; unknown: not known whether it is there.',
  ),
  code: described(z.string().optional(), 'Of a mirror that could not be read: the error code.'),
  reason: z.string().optional(),
});

const Placed = z.strictObject({
  mirror: described(z.string(), 'The reference without the name of the image: the same for all images of a mirror.'),
  ...Target.shape,
});

/** An image that was due or failed, or that lacked something of its signature. */
export const Image = z.strictObject({
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
  targets: z.array(Placed),
  signature: Signature.optional(),
  /** Of images that are due: what is attached to them in staging. */
  provenance: Provenance.optional(),
  /** Of images that still lack something: for how many days a later run can make up for it, where that is known. */
  repairableDays: unpublished(count.optional()),
  vulnerabilities: Vulnerabilities.optional(),
});

import { z } from 'zod';
import { count, described, ms, open, unpublished } from './values.ts';

/** `pending`: a dry run would have written it. `unknown`: the run could not find out whether it exists. */
export const Target = z.strictObject({
  ref: z.string(),
  action: described(
    z.enum(['present', 'copy', 'tag', 'failed', 'unknown']),
    'The action of this run, or with `pending` of a later one; unknown: the mirror gave no answer, or the run was stopped.',
  ),
  pending: z.literal(true).optional(),
  reason: z.string().optional(),
  code: described(z.string().optional(), 'The error code; docs/problems.md explains each.'),
  attempts: count,
  requests: count,
  bytes: count,
  ms,
});

/** The signing result of an image on its primary. `unwanted`: a digest without tags; `missing`: failed or not done. */
export const Signature = z.strictObject({
  repository: z.string(),
  /** The signed name. */
  reference: z.string(),
  why: z.enum(['due', 'entered']),
  signature: z.enum(['written', 'there', 'unwanted', 'missing']),
  record: z.enum(['written', 'there', 'missing']),
  carried: described(count.optional(), 'Attestations that were copied from staging.'),
  /** `stuck`: an insufficient summary is kept; `unknown`: staging no longer has the image. */
  summary: described(
    open<'written' | 'there' | 'stuck' | 'unknown' | 'missing'>().optional(),
    'The verification summary, if the run writes any.',
  ),
});

/** `untrusted`: a valid signature by an unknown signer; `unverifiable`: cannot be verified here. */
export const evidenceStatus = ['verified', 'untrusted', 'failed', 'unverifiable'] as const;

/** The reason why a policy rejects an image; `file` and `line` are those of the policy. */
const Violation = z.strictObject({
  code: open<'PROVENANCE' | 'TAMPERED'>(),
  message: z.string(),
  hint: z.string(),
  file: unpublished(z.string().optional()),
  line: unpublished(count.optional()),
});

/** One signature or statement in staging. */
const Evidence = z.strictObject({
  /** The digest that it refers to: the image, or one of its platforms. */
  subject: z.string(),
  kind: z.string(),
  form: unpublished(z.enum(['bundle', 'sig', 'sig-referrer', 'att'])),
  status: open<(typeof evidenceStatus)[number]>(),
  predicateType: unpublished(z.string().optional()),
  signer: unpublished(z.string().optional()),
  builder: unpublished(z.string().optional()),
  /** The digest, or cosign's tag, of its manifest. */
  manifest: unpublished(z.string()),
  reason: unpublished(z.string().optional()),
});

/** The attachments of an image in staging, and the verdict of its policies. */
export const Provenance = z.strictObject({
  /** The best signature of the digest itself, or `failed` if one was tampered with. */
  signature: z.enum([...evidenceStatus, 'unsigned']),
  attestations: z.enum([...evidenceStatus, 'unattested']),
  /** The strictest mode of its policies; `off` without a policy. */
  mode: z.enum(['off', 'warn', 'require']),
  result: z.enum(['passed', 'warned', 'failed', 'off']),
  /** The SLSA build level. */
  level: z.union([count, z.literal('unevaluated')]),
  signer: z.string().optional(),
  builder: z.string().optional(),
  source: z.string().optional(),
  violations: z.array(Violation),
  /** Includes the evidence of platforms. */
  evidence: z.array(Evidence),
});

/** One vulnerability of one package. */
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
  /** Why a finding is excepted, and who says so. */
  reason: unpublished(z.string().optional()),
});

/** The scan results of an image; empty unless `state` is `scanned`. */
export const Vulnerabilities = z.strictObject({
  state: z.enum(['scanned', 'not-scanned', 'failed']),
  result: z.enum(['passed', 'over', 'not-scanned', 'failed']),
  scanner: z.string(),
  threshold: described(z.int(), 'The lowest severity that rejects the image; -1: none does.'),
  reason: z.string().optional(),
  /** All findings, worst first. */
  findings: z.array(Finding),
});

/** The state of an image on one registry. `pending`: still to be written; `failed`: not complete. */
export const Mirror = z.strictObject({
  name: z.string(),
  state: described(
    z.enum(['present', 'done', 'pending', 'failed', 'unknown']),
    'present: complete before the run; done: written and read back; unknown: the run could not find out whether the image exists.',
  ),
  code: described(z.string().optional(), 'The error code, if the mirror could not be read.'),
  reason: z.string().optional(),
});

const Placed = z.strictObject({
  mirror: described(z.string(), 'The reference without the image name; equal for all images of a mirror.'),
  ...Target.shape,
});

/** An image that was pending or failed, or whose signing was incomplete. */
export const Image = z.strictObject({
  name: z.string(),
  digest: z.string(),
  tags: z.array(z.string()),
  source: z.string(),
  file: z.string(),
  line: count,
  attached: described(
    z.literal(true).optional(),
    'The image is a signature or attestation that was copied to mirrors.',
  ),
  mirrors: described(
    z.array(Mirror).optional(),
    'The state on each registry that must have the image; `targets` are the references that were missing.',
  ),
  size: described(count.optional(), 'Bytes of its manifests and blobs, if they were read.'),
  sourceReads: count,
  targets: z.array(Placed),
  signature: Signature.optional(),
  /** The attachments of a pending image in staging. */
  provenance: Provenance.optional(),
  /** For an incomplete image: the days in which a later run can complete it, if known. */
  repairableDays: unpublished(count.optional()),
  vulnerabilities: Vulnerabilities.optional(),
});

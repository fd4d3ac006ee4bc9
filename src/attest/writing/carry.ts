import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { EvidenceItem } from '../../policy/provenance.ts';
import type { Attachment } from '../../registry/attaching/attacher.ts';
import type { Call } from '../../registry/roles.ts';
import { bundlesOf } from '../attached/bundles.ts';
import { carriedBundle } from './carried-bundle.ts';
import { PROMOTION_RECORD } from '../formats/record.ts';
import { ensureBundle, readSubject, subjectName, type DigestSigning } from './sign-digest.ts';
import { SIGNATURE } from '../formats/statement.ts';
import { VERIFICATION_SUMMARY } from '../formats/summary.ts';

type CarryServices = Omit<DigestSigning, 'format'>;

/** The accepted evidence of one digest in staging, and its destination. */
export type CarryTarget = {
  readonly staging: RepositoryName;
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** The name under which the digest is signed: an attestation is accompanied by a signature as a bundle. */
  readonly reference: RepositoryName;
  readonly items: readonly EvidenceItem[];
};

/** Number of carried attestations, and why others were not carried. */
export type Carried = { readonly carried: number; readonly left: readonly string[] };

/** Predicate types about promotion and verification, which must not come from staging. */
const OURS: readonly (string | undefined)[] = [PROMOTION_RECORD, VERIFICATION_SUMMARY];

/** Returns true if an attestation can be carried: a bundle, and not of a type that only we issue. */
function isCarried({ form, kind, predicateType }: EvidenceItem): boolean {
  return form === 'bundle' && kind !== 'signature' && !OURS.includes(predicateType);
}

/**
 * Attaches the bundles of staging unchanged, unless they are listed already. Returns the reasons for evidence that is
 * not carried.
 */
export async function carryAttestations(services: CarryServices, target: CarryTarget, call: Call): Promise<Carried> {
  const { registry, publisher } = services;
  const { repository, digest } = target;
  const items = target.items.filter(isCarried);
  if (items.length === 0) return { carried: 0, left: [] };
  const there = new Set((await registry.listReferrers(repository, digest, call)).map((one) => one.digest));
  const left: string[] = [];
  const attachments: Attachment[] = [];
  for (const item of items.filter(({ manifest }) => !there.has(manifest as Digest))) {
    const attachment = await carriedBundle(registry, target, item, call);
    if (typeof attachment === 'string') left.push(`${target.staging}@${item.manifest} ${attachment}`);
    else attachments.push(attachment);
  }
  if (attachments.length > 0) await signatureBeside(services, target, call);
  for (const attachment of attachments) await publisher.attach(repository, attachment, call);
  return { carried: attachments.length, left };
}

/** If cosign finds a bundle it ignores the `.sig` tag: our signature must be among the bundles. */
async function signatureBeside(services: CarryServices, target: CarryTarget, call: Call): Promise<void> {
  const { registry, verifier, lock } = services;
  const { repository, digest } = target;
  const sign = async (): Promise<boolean> => {
    const there = await bundlesOf({ registry, repository, digest }, verifier, call, [SIGNATURE]);
    const { descriptor } = await readSubject(registry, repository, digest, call);
    return ensureBundle(services, target, descriptor, there, call);
  };
  await lock.run(subjectName(target), sign, call.signal);
}

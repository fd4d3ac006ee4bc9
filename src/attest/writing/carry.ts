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

export type CarryServices = Omit<DigestSigning, 'format'>;

/** What was accepted in staging of one digest, and where it is to be. */
export type CarryTarget = {
  readonly staging: RepositoryName;
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** The name under which the digest is signed: beside an attestation there is a signature as a bundle, too. */
  readonly reference: RepositoryName;
  readonly items: readonly EvidenceItem[];
};

/** How many attestations were brought, and why others were not. */
export type Carried = { readonly carried: number; readonly left: readonly string[] };

/** What says who promoted and verified here must not come from staging. */
const OURS: readonly (string | undefined)[] = [PROMOTION_RECORD, VERIFICATION_SUMMARY];

/** Whether an attestation can be carried at all: a bundle, and nothing that is only ours to say. */
export function isCarried({ form, kind, predicateType }: EvidenceItem): boolean {
  return form === 'bundle' && kind !== 'signature' && !OURS.includes(predicateType);
}

/** Brings what can be carried from staging, byte for byte, unless it is listed there; what has another form stays, and the reason is told. */
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

/** Where cosign finds a bundle it looks at no `.sig` tag: our signature must be among the bundles. */
async function signatureBeside(services: CarryServices, target: CarryTarget, call: Call): Promise<void> {
  const { registry, verifier, queue } = services;
  const { repository, digest } = target;
  const sign = async (): Promise<boolean> => {
    const there = await bundlesOf({ registry, repository, digest }, verifier, call, [SIGNATURE]);
    const { descriptor } = await readSubject(registry, repository, digest, call);
    return ensureBundle(services, target, descriptor, there, call);
  };
  await queue.run(subjectName(target), sign, call.signal);
}

import { z } from 'zod';
import { MEDIA_TYPES, type Manifest } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { digestJson, exactJson } from '../image/json.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { EvidenceItem } from '../policy/provenance.ts';
import { EMPTY_CONFIG, type Attacher, type Attachment } from '../registry/referrers.ts';
import type { Call } from '../registry/roles.ts';
import { bundlesOf } from './attached-bundles.ts';
import { attachedImage, MAX_ATTESTATION, readLayer, type AttachedImage } from './image-layers.ts';
import { PREDICATE_TYPE } from './listed.ts';
import { PROMOTION_RECORD } from './record.ts';
import { ensureBundle, readSubject, subjectName, type DigestSigning } from './sign-image.ts';
import { SIGNATURE } from './statement.ts';
import { VERIFICATION_SUMMARY } from './summary.ts';

export type CarryServices = Omit<DigestSigning, 'format'> & { readonly attacher: Attacher };

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
  const { registry } = services;
  const { repository, digest } = target;
  const items = target.items.filter(isCarried);
  if (items.length === 0) return { carried: 0, left: [] };
  const there = new Set((await registry.listReferrers(repository, digest, call)).map((one) => one.digest));
  const left: string[] = [];
  const attachments: Attachment[] = [];
  for (const item of items.filter(({ manifest }) => !there.has(manifest as Digest))) {
    const attachment = await attachmentOf(services, target, item, call);
    if (typeof attachment === 'string') left.push(`${target.staging}@${item.manifest} ${attachment}`);
    else attachments.push(attachment);
  }
  if (attachments.length > 0) await signatureBeside(services, target, call);
  for (const attachment of attachments) await services.attacher.attach(repository, attachment, call);
  return { carried: attachments.length, left };
}

/** An attestation in staging with its blobs, or why it is left there. */
async function attachmentOf(
  { registry }: CarryServices,
  { staging, digest }: CarryTarget,
  item: EvidenceItem,
  call: Call,
): Promise<Attachment | string> {
  const manifest = await registry.readManifest(staging, item.manifest, call);
  if (manifest === undefined) return 'is no longer there';
  const image = attachedImage(manifest);
  const problem = image === undefined ? 'is no image manifest' : problemOf(manifest, image, digest, item);
  const [layer] = image?.layers ?? [];
  if (image === undefined || layer === undefined || problem !== undefined) return problem ?? 'has no layer';
  const bytes = await readLayer(registry, staging, layer, MAX_ATTESTATION, call);
  if (!(bytes instanceof Uint8Array)) {
    if (bytes.error !== undefined) throw bytes.error;
    return `cannot be read: ${bytes.reason}`;
  }
  const { artifactType, annotations } = image;
  const { mediaType, size } = layer;
  return {
    manifest,
    subject: Subject.parse(image.document).subject,
    referrer: { ...manifest.descriptor, ...(artifactType !== undefined && { artifactType }), annotations },
    blobs: [EMPTY_CONFIG, { descriptor: { mediaType, digest: layer.digest, size }, bytes }],
  };
}

const Descriptor = exactJson({
  mediaType: z.string(),
  digest: digestJson,
  size: z.int().nonnegative(),
});
const Subject = exactJson({ subject: Descriptor });
const Carriable = exactJson({ subject: Descriptor, config: Descriptor });

/** How the media type of a Sigstore bundle begins, of whatever version. */
const BUNDLE = 'application/vnd.dev.sigstore.bundle';

/** What is not exactly a bundle of this digest, as it was accepted, could bring in something that nobody looked at. */
function problemOf(
  { descriptor }: Manifest,
  { artifactType, layers, annotations, document }: AttachedImage,
  digest: Digest,
  { content, predicateType }: EvidenceItem,
): string | undefined {
  const { data } = Carriable.safeParse(document);
  const [layer] = layers;
  if (descriptor.mediaType !== MEDIA_TYPES.ociManifest || data === undefined)
    return 'is no OCI image manifest of a subject';
  if (artifactType?.startsWith(BUNDLE) !== true) return `is of the artifact type ${artifactType ?? 'of nothing'}`;
  if (
    data.config.mediaType !== EMPTY_CONFIG.descriptor.mediaType ||
    data.config.digest !== EMPTY_CONFIG.descriptor.digest
  )
    return 'has a config of its own';
  if (layers.length !== 1 || layer?.digest !== content || !layer.mediaType.startsWith(BUNDLE))
    return 'has other layers than the bundle that was accepted';
  if (data.subject.digest !== digest) return `is about ${data.subject.digest}`;
  const annotated = annotations[PREDICATE_TYPE];
  return annotated !== undefined && annotated !== predicateType ? `claims to be of type ${annotated}` : undefined;
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

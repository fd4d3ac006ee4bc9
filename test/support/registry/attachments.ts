import { MEDIA_TYPES, type Descriptor } from '../../../src/image/descriptor.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { EMPTY_CONFIG, type Attachment } from '../../../src/registry/attaching/attacher.ts';
import { seededBytes } from './seeded.ts';

/** Everything about an attachment that follows from its seed is the same on every machine. */
type AttachmentSpec = {
  readonly seed: number;
  readonly subject: Descriptor;
  /** `application/vnd.example.thing` by default. */
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
};

/** Builds an artifact of one layer that refers to its subject, as cosign shapes them. */
export function buildAttachment({
  seed,
  subject,
  artifactType = 'application/vnd.example.thing',
  annotations = { 'com.example.seed': String(seed) },
}: AttachmentSpec): Attachment {
  const content = seededBytes(500, seed);
  const layer = { mediaType: artifactType, digest: digestOf(content), size: content.length };
  const { mediaType, digest, size } = subject;
  const document = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType,
    config: EMPTY_CONFIG.descriptor,
    layers: [layer],
    subject: { mediaType, digest, size },
    annotations,
  };
  const bytes = Buffer.from(JSON.stringify(document));
  const descriptor = { mediaType: document.mediaType, digest: digestOf(bytes), size: bytes.length };
  return {
    manifest: { bytes, descriptor },
    subject,
    referrer: { ...descriptor, artifactType, annotations },
    blobs: [EMPTY_CONFIG, { descriptor: layer, bytes: content }],
  };
}

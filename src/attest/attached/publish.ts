import type { Clock } from '../../clock.ts';
import { cosignTag } from '../../image/cosign-tag.ts';
import { MEDIA_TYPES, type Descriptor, type Manifest } from '../../image/descriptor.ts';
import { digestOf, type Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { EMPTY_CONFIG, type Attacher, type Attaching, type Attachment } from '../../registry/attaching/attacher.ts';
import type { Call } from '../../registry/roles.ts';
import { PREDICATE_TYPE, SIGNED_BY, signedBy } from '../formats/annotations.ts';
import type { Identity, LegacySignature } from '../roles.ts';
import { withSignatures } from './sig-image.ts';

type PublisherServices = {
  readonly attacher: Attacher;
  /** Used instead of the attacher for bundles whose lists are written later. */
  readonly batch?: Attaching;
  readonly clock: Clock;
};

/** A bundle of ours, and the annotations for the list of referrers. */
export type OwnBundle = {
  readonly bytes: Uint8Array;
  readonly predicateType: string;
  readonly identity: Identity;
  /** Further annotations for the list of referrers. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly meanwhile?: Attachment['meanwhile'];
};

/** Writes signatures and bundles where clients look for them, beside those of others. */
export type Publisher = {
  readonly clock: Clock;
  /**
   * Appends the missing signatures to the `.sig` tag; returns false if all existed. `choose` selects the signatures for
   * a tag with this content, which may be that of another job. Default: all.
   */
  signatures(
    repository: RepositoryName,
    digest: Digest,
    signatures: readonly LegacySignature[],
    call: Call,
    choose?: (current: Manifest) => Promise<readonly LegacySignature[]>,
  ): Promise<boolean>;
  /** Attaches an existing manifest unchanged. */
  attach(repository: RepositoryName, attachment: Attachment, call: Call): Promise<void>;
  /**
   * Throws LIST_IMMUTABLE if a signature in this form, a `.sig` layer or a bundle, could not be written where clients
   * look for it.
   */
  check(repository: RepositoryName, digest: Digest, form: 'sig' | 'bundle', call: Call): Promise<void>;
  /** Attaches a bundle to its subject. */
  bundle(repository: RepositoryName, subject: Descriptor, bundle: OwnBundle, call: Call): Promise<void>;
};

/** The media type of a Sigstore bundle, as cosign writes it. */
export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** Creates a publisher, one for each run like the attacher. */
export function publisher({ attacher, batch = attacher, clock }: PublisherServices): Publisher {
  return {
    clock,
    signatures: async (repository, digest, signatures, call, choose = async () => signatures) => {
      let written = false;
      const tag = cosignTag(digest, 'sig');
      await attacher.tags.update(
        repository,
        tag,
        async (current) => {
          const chosen = current === undefined ? signatures : await choose(current);
          const next = chosen.length === 0 ? undefined : withSignatures(current, chosen);
          written ||= next !== undefined;
          return next;
        },
        call,
      );
      return written;
    },
    attach: (repository, attachment, call) => batch.attach(repository, attachment, call),
    check: (repository, digest, form, call) =>
      form === 'sig'
        ? attacher.tags.checkWritable(repository, cosignTag(digest, 'sig'), digest, call)
        : attacher.checkList(repository, digest, call),
    bundle: (repository, subject, bundle, call) =>
      batch.attach(repository, bundleAttachment(subject, bundle, clock.now()), call),
  };
}

/**
 * Builds a bundle's manifest: https://github.com/sigstore/cosign/blob/v3.1.3/specs/BUNDLE_SPEC.md, with our annotation
 * of the signer.
 */
export function bundleAttachment(
  { mediaType, digest, size }: Descriptor,
  { bytes, predicateType, identity, annotations: more, meanwhile }: OwnBundle,
  time: number,
): Attachment {
  const layer = { mediaType: BUNDLE_TYPE, digest: digestOf(bytes), size: bytes.length };
  const annotations = {
    'dev.sigstore.bundle.content': 'dsse-envelope',
    [PREDICATE_TYPE]: predicateType,
    'org.opencontainers.image.created': `${new Date(time).toISOString().slice(0, 19)}Z`,
    [SIGNED_BY]: signedBy(identity),
    ...more,
  };
  const document = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: BUNDLE_TYPE,
    config: EMPTY_CONFIG.descriptor,
    layers: [layer],
    subject: { mediaType, digest, size },
    annotations,
  };
  const manifest = Buffer.from(JSON.stringify(document));
  const descriptor = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(manifest), size: manifest.length };
  return {
    manifest: { bytes: manifest, descriptor },
    subject: { mediaType, digest, size },
    referrer: { ...descriptor, artifactType: BUNDLE_TYPE, annotations },
    blobs: [EMPTY_CONFIG, { descriptor: layer, bytes }],
    meanwhile,
  };
}

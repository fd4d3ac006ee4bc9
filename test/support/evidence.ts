import { bundleFromJSON, envelopeToJSON, isBundleWithDsseEnvelope } from '@sigstore/bundle';
import { cosignTag } from '../../src/image/cosign-tag.ts';
import { MEDIA_TYPES, type Descriptor } from '../../src/image/descriptor.ts';
import { digestOf } from '../../src/image/digest.ts';
import { leafOf } from '../../src/attest/formats/leaf.ts';
import { LEGACY } from '../../src/attest/formats/cosign-layer.ts';
import { pemOf } from '../../src/attest/formats/pem.ts';
import { bundleAttachment, type OwnBundle } from '../../src/attest/attached/publish.ts';
import type { Signer } from '../../src/attest/roles.ts';
import { statementBytes } from '../../src/attest/formats/statement.ts';
import { EMPTY_CONFIG } from '../../src/registry/attaching/attacher.ts';
import { blobOf, type RegistryStore } from './memory-registry/store.ts';

export const SLSA_V1 = 'https://slsa.dev/provenance/v1';
export const SPDX = 'https://spdx.dev/Document';

/** What a test attaches to an image, signed or not. */
export type Attested = {
  readonly predicateType: string;
  readonly predicate?: Readonly<Record<string, unknown>>;
  readonly form?: 'bundle' | 'att';
  /** Puts other bytes in the place of the signed statement. */
  readonly tampered?: boolean;
};

/** The predicate of SLSA v1 for a build of this source. */
export function slsa(
  builder: string,
  source: string,
  { ref = 'refs/tags/v1', commit = '1' } = {},
): Readonly<Record<string, unknown>> {
  const dependencies = [{ uri: `git+https://${source}@${ref}`, digest: { gitCommit: commit } }];
  return {
    buildDefinition: {
      buildType: 'https://ci.example/build/v1',
      externalParameters: { workflow: { repository: `https://${source}`, ref } },
      resolvedDependencies: dependencies,
    },
    runDetails: { builder: { id: builder }, metadata: { invocationId: 'https://ci.example/runs/1' } },
  };
}

/** Attaches a statement about a digest, in staging as others do it. */
export async function attest(
  store: RegistryStore,
  path: string,
  subject: Descriptor,
  signer: Signer,
  { predicateType, predicate = {}, form = 'bundle', tampered = false }: Attested,
): Promise<void> {
  const about = { digest: subject.digest, reference: 'staging.test/app', predicateType, predicate };
  const signed = await signer.signStatement(statementBytes(about), new AbortController().signal);
  const bytes = tampered
    ? withOtherPayload(signed, statementBytes({ ...about, predicate: { changed: true } }))
    : signed;
  if (form === 'att') attachLayer(store, path, subject, bytes);
  else attachBundle(store, path, subject, { bytes, predicateType, identity: signer.identity });
}

function withOtherPayload(bundle: Uint8Array, payload: Uint8Array): Uint8Array {
  const json = JSON.parse(Buffer.from(bundle).toString()) as { dsseEnvelope: { payload: string } };
  json.dsseEnvelope.payload = Buffer.from(payload).toString('base64');
  return Buffer.from(JSON.stringify(json));
}

function attachBundle(store: RegistryStore, path: string, subject: Descriptor, bundle: OwnBundle): void {
  const { manifest, blobs } = bundleAttachment(subject, bundle, 0);
  for (const { descriptor, bytes } of blobs) store.putBlob(path, descriptor.digest, blobOf(bytes));
  store.putManifest(path, manifest.descriptor.digest, manifest.descriptor.mediaType, manifest.bytes);
}

/**
 * Puts what the `.sig` tag holds into a referrer, as cosign writes it with `--registry-referrers-mode=oci-1-1`, and takes the tag
 * away.
 */
export function referSignatures(store: RegistryStore, path: string, subject: Descriptor): void {
  const { mediaType, digest, size } = subject;
  const tag = cosignTag(digest, 'sig');
  const tagged = store.repository(path)?.manifests.get(store.resolve(path, tag) ?? digest);
  if (tagged?.bytes === undefined) throw new Error('there are no signatures');
  const document = JSON.parse(Buffer.from(tagged.bytes).toString()) as { readonly config: object };
  const config = { ...document.config, mediaType: 'application/vnd.dev.cosign.artifact.sig.v1+json' };
  const bytes = Buffer.from(JSON.stringify({ ...document, config, subject: { mediaType, digest, size } }));
  store.putManifest(path, digestOf(bytes), MEDIA_TYPES.ociManifest, bytes);
  store.remove(path, 'manifest', tag);
}

/** Attaches these bytes as a bundle, whatever they are. */
export function attachBytes(store: RegistryStore, path: string, subject: Descriptor, bytes: Uint8Array): void {
  attachBundle(store, path, subject, { bytes, predicateType: SPDX, identity: { kind: 'key', hint: 'nobody' } });
}

/** The same statement in the form of cosign's `.att` tag. */
function attachLayer(store: RegistryStore, path: string, { digest }: Descriptor, bytes: Uint8Array): void {
  const bundle = bundleFromJSON(JSON.parse(Buffer.from(bytes).toString()));
  if (!isBundleWithDsseEnvelope(bundle)) throw new Error('a statement is signed in an envelope');
  const envelope = Buffer.from(JSON.stringify(envelopeToJSON(bundle.content.dsseEnvelope)));
  const [entry] = bundle.verificationMaterial.tlogEntries;
  const leaf = leafOf(bundle);
  const promise = entry?.inclusionPromise?.signedEntryTimestamp;
  if (entry === undefined || leaf === undefined || promise === undefined) throw new Error('an .att needs Rekor v1');
  const log = {
    SignedEntryTimestamp: promise.toString('base64'),
    Payload: {
      body: entry.canonicalizedBody.toString('base64'),
      integratedTime: Number(entry.integratedTime),
      logIndex: Number(entry.logIndex),
      logID: entry.logId.keyId.toString('hex'),
    },
  };
  const annotations = { [LEGACY.signature]: '', [LEGACY.certificate]: pemOf(leaf), [LEGACY.log]: JSON.stringify(log) };
  const mediaType = 'application/vnd.dsse.envelope.v1+json';
  const layer = { mediaType, digest: digestOf(envelope), size: envelope.length, annotations };
  const document = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: EMPTY_CONFIG.descriptor,
    layers: [layer],
  };
  for (const blob of [EMPTY_CONFIG.bytes, envelope]) store.putBlob(path, digestOf(blob), blobOf(blob));
  store.putManifest(path, cosignTag(digest, 'att'), MEDIA_TYPES.ociManifest, Buffer.from(JSON.stringify(document)));
}

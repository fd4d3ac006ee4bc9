import type { Digest } from '../../../src/image/digest.ts';
import { manifestReferences, type StoredManifest, type StoredRepository } from './store.ts';
import type { Referrer } from '../../../src/registry/roles.ts';

/** What refers to a manifest, as https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers wants it listed. */
export function storedReferrers(repository: StoredRepository | undefined, subject: Digest): readonly Referrer[] {
  return [...(repository?.manifests ?? [])]
    .filter(([, stored]) => stored.subject === subject)
    .map(([digest, stored]) => referrer(digest, stored));
}

function referrer(digest: Digest, { mediaType, size, bytes }: StoredManifest): Referrer {
  const { artifactType: own, config, annotations } = manifestReferences(bytes ?? Buffer.from('{}'));
  const artifactType = own ?? config?.mediaType;
  return {
    mediaType,
    digest,
    size,
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations !== undefined && { annotations }),
  };
}

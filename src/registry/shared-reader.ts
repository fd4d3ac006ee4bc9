import type { Manifest } from '../image/descriptor.ts';
import { isDigest, type Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { RegistryReader } from './roles.ts';

/**
 * A reader for content that stands in many repositories: what was read in one is in the others only asked for, by its
 * digest; a blob, which a registry takes no manifest without, not even that. It keeps all that it reads.
 */
export function sharedReader(registry: RegistryReader): RegistryReader {
  const manifests = new Map<Digest, Manifest>();
  const blobs = new Map<Digest, Uint8Array>();
  const seen = new Set<string>();
  const note = (repository: RepositoryName, manifest: Manifest | undefined): Manifest | undefined => {
    if (manifest === undefined) return undefined;
    manifests.set(manifest.descriptor.digest, manifest);
    seen.add(`${repository}@${manifest.descriptor.digest}`);
    return manifest;
  };
  return {
    ...registry,
    readManifest: async (repository, reference, call) => {
      const known = isDigest(reference) ? manifests.get(reference) : undefined;
      if (known === undefined) return note(repository, await registry.readManifest(repository, reference, call));
      if (seen.has(`${repository}@${reference}`)) return known;
      const isThere = (await registry.resolveManifest(repository, reference, call)) !== undefined;
      return isThere ? note(repository, known) : undefined;
    },
    readBlob: async function* (repository, blob, call, part) {
      const known = part === undefined ? blobs.get(blob.digest) : undefined;
      if (known?.length === blob.size) {
        yield known;
        return;
      }
      const chunks: Uint8Array[] = [];
      for await (const chunk of registry.readBlob(repository, blob, call, part)) {
        chunks.push(chunk);
        yield chunk;
      }
      if (part === undefined) blobs.set(blob.digest, Buffer.concat(chunks));
    },
  };
}

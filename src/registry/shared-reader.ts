import type { Manifest } from '../image/descriptor.ts';
import { isDigest, type Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { RegistryReader } from './roles.ts';

/**
 * Memory of one reader, in bytes: enough for everything that is attached to an image, except large SBOMs. Some twenty
 * readers work concurrently.
 */
const MAX_KEPT = 8 * 1024 * 1024;

/**
 * Wraps a registry so that content in many repositories is read once. In the others a manifest is only looked up by its
 * digest; a blob is not even looked up, since a registry accepts no manifest without its blobs. Content beyond 8 MiB in
 * total is read again.
 */
export function sharedReader(registry: RegistryReader): RegistryReader {
  const room = roomOf(MAX_KEPT);
  const manifests = new Map<Digest, Manifest>();
  const seen = new Set<string>();
  const note = (repository: RepositoryName, manifest: Manifest | undefined): Manifest | undefined => {
    if (manifest === undefined) return undefined;
    const { digest, size } = manifest.descriptor;
    if (!manifests.has(digest) && !room.take(size)) return manifest;
    manifests.set(digest, manifest);
    seen.add(`${repository}@${digest}`);
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
    readBlob: blobsKept(registry, room),
  };
}

type Room = { take(bytes: number): boolean; giveBack(bytes: number): void };

function roomOf(most: number): Room {
  let taken = 0;
  return {
    take: (bytes) => {
      if (taken + bytes > most) return false;
      taken += bytes;
      return true;
    },
    giveBack: (bytes) => void (taken -= bytes),
  };
}

function blobsKept(registry: RegistryReader, room: Room): RegistryReader['readBlob'] {
  const blobs = new Map<Digest, Uint8Array>();
  return async function* (repository, blob, call, part) {
    const known = part === undefined ? blobs.get(blob.digest) : undefined;
    if (known?.length === blob.size) {
      yield known;
      return;
    }
    const isKept = part === undefined && room.take(blob.size);
    const chunks: Uint8Array[] = [];
    let isComplete = false;
    try {
      for await (const chunk of registry.readBlob(repository, blob, call, part)) {
        if (isKept) chunks.push(chunk);
        yield chunk;
      }
      isComplete = isKept && !blobs.has(blob.digest);
      if (isComplete) blobs.set(blob.digest, Buffer.concat(chunks));
    } finally {
      if (isKept && !isComplete) room.giveBack(blob.size);
    }
  };
}

import type { Digest } from '../../image/digest.ts';
import { readOci } from '../../image/oci.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { attachmentOf } from '../../mirroring/attachment.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { Call, ManifestReader } from '../../registry/roles.ts';

/** Facts about manifests by their digests: each is read once, wherever it is. */
export type ManifestFacts = {
  /** Returns the children of an index; empty if the manifest cannot be read as an index. */
  childrenOf(repository: RepositoryName, digest: Digest, call: Call): Promise<readonly Digest[]>;
  /** Returns the digest that a manifest is attached to. */
  subjectOf(repository: RepositoryName, digest: Digest, call: Call): Promise<Digest | undefined>;
  /** Returns true if an index that was read has this digest as a child. */
  isPlatform(digest: Digest): boolean;
};

/** Creates facts without any manifest read. */
export function manifestFacts(registry: ManifestReader, { emit }: Context): ManifestFacts {
  const children = new Map<Digest, Promise<readonly Digest[]>>();
  const subjects = new Map<Digest, Promise<Digest | undefined>>();
  const platforms = new Set<Digest>();
  return {
    isPlatform: (digest) => platforms.has(digest),
    childrenOf: (repository, digest, call) =>
      once(children, digest, async () => {
        const manifest = await registry.readManifest(repository, digest, call);
        const index = manifest && readOci(manifest);
        if (index?.kind === 'index') {
          for (const child of index.children) platforms.add(child.digest);
          return index.children.map((child) => child.digest);
        }
        emit({ type: 'index-unreadable', repository, digest });
        return [];
      }),
    subjectOf: (repository, digest, call) =>
      once(subjects, digest, async () => {
        const manifest = await registry.readManifest(repository, digest, call);
        return manifest && attachmentOf(manifest)?.subject.digest;
      }),
  };
}

function once<T>(known: Map<Digest, Promise<T>>, digest: Digest, read: () => Promise<T>): Promise<T> {
  const there = known.get(digest) ?? read();
  known.set(digest, there);
  return there;
}

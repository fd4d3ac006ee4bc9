import type { Digest } from '../../image/digest.ts';
import { readOci, type OciDescriptor } from '../../image/oci.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { ManifestReader } from '../../registry/roles.ts';

/** Reads what the index of a digest lists, each digest once; empty for an image, and for one that is not there. */
export function childReader(
  registry: ManifestReader,
  context: Context,
): (repository: RepositoryName, digest: Digest) => Promise<readonly OciDescriptor[]> {
  const read = new Map<string, Promise<readonly OciDescriptor[]>>();
  const children = async (repository: RepositoryName, digest: Digest): Promise<readonly OciDescriptor[]> => {
    const manifest = await registry.readManifest(repository, digest, context);
    const oci = manifest && readOci(manifest);
    return oci?.kind === 'index' ? oci.children : [];
  };
  return (repository, digest) => {
    const key = `${repository}@${digest}`;
    const known = read.get(key) ?? children(repository, digest);
    read.set(key, known);
    return known;
  };
}

import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Call, RegistryReader } from '../../registry/roles.ts';
import { bundlesOf } from './bundles.ts';
import { attestationsOf, signaturesOf } from './tags.ts';
import type { Attached } from './types.ts';
import type { LaterVerifier } from '../roles.ts';

export type { Attached } from './types.ts';

/**
 * Returns everything that is attached to a digest, each item read once and verified. Throws only if a list or a tag
 * cannot be read.
 */
export async function attachedTo(
  registry: RegistryReader,
  verifier: LaterVerifier,
  repository: RepositoryName,
  digest: Digest,
  call: Call,
): Promise<readonly Attached[]> {
  const place = { registry, repository, digest };
  const all = await Promise.all([
    signaturesOf(place, verifier, call),
    attestationsOf(place, verifier, call),
    bundlesOf(place, verifier, call),
  ]);
  return all.flat();
}

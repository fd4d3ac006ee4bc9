import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';

/** Contents of a repository that no manifest names. */
export type Find = {
  readonly repository: RepositoryName;
  readonly tag?: string | undefined;
  /** Undefined if the listing does not state which digest the tag names. */
  readonly digest?: Digest | undefined;
  /** The digest to which the tag attaches a signature or attestation. */
  readonly subject?: Digest | undefined;
};

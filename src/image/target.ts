import type { RepositoryName } from './reference.ts';

/** A destination repository of one image, what it lacks of it, and what is done about that. */
export type Target = {
  readonly repository: RepositoryName;
  /** `copy`: the digest is not there; `tag`: it is, under other tags only. */
  readonly action: 'copy' | 'tag';
  /** The tags to put, in order; empty for a digest without tags. */
  readonly tags: readonly string[];
  /** True when the repository holds nothing yet, so that no blob can be there. */
  readonly isNew: boolean;
};

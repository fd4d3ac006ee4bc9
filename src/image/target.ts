import type { RepositoryName } from './reference.ts';

/** A destination repository of one image, and the missing parts that a run writes to it. */
export type Target = {
  readonly repository: RepositoryName;
  /** `copy`: the digest is missing; `tag`: only tags are missing. */
  readonly action: 'copy' | 'tag';
  /** The tags to write, in order; empty for a digest without tags. */
  readonly tags: readonly string[];
  /** True if the repository is empty, so that it contains no blob. */
  readonly isNew: boolean;
};

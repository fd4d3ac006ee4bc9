import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Project } from '../../manifest/manifest.ts';

/** The images to be promoted, by tags. */
export type ProposalRequest = {
  /** Name of the project; one of the first two is set. */
  readonly project: string | undefined;
  /** The source registry of the project, or a repository below it. */
  readonly stagingRepo: RepositoryName | undefined;
  /** At least one. */
  readonly tags: readonly string[];
  /** Names as in the tree; empty for all images of staging that have a tag. */
  readonly images: readonly string[];
  /** The only digests that are added; empty for those that the tags name in staging. */
  readonly digests: readonly Digest[];
  /** How long to wait for images that are missing in staging, in milliseconds. */
  readonly wait: number;
};

/** The project that is edited, and the part of its staging that is read: the source registry, or a repository below it. */
export type Place = { readonly project: Project; readonly root: RepositoryName };

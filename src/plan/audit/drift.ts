import type { Digest } from '../../image/digest.ts';
import type { DriftCode } from '../../image/drift-codes.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Removals } from '../../manifest/history/removed-entries.ts';
import type { WantedImage } from '../desired/desired.ts';

/** A reference in production; `found` is the digest that a moved tag names there. */
export type DriftPlace = { readonly ref: string; readonly found?: Digest };

/** One difference of one image, with all mirrors that have it. */
export type Drift = {
  readonly code: DriftCode;
  /** The name under which people pull. */
  readonly reference: RepositoryName;
  readonly digest: Digest;
  /** The affected tags; empty if only the digest is affected. */
  readonly tags: readonly string[];
  readonly places: readonly DriftPlace[];
  /** The entry of the tree; undefined for what no manifest names. */
  readonly wanted?: WantedImage | undefined;
  /** MISSING and PARTIAL: whether the digest itself is missing, and on how many mirrors the image is complete. */
  readonly copies?: Copies | undefined;
  /** UNMANAGED: the commit that removed the entry; `uncommitted` if HEAD still has it. */
  readonly removal?: ReturnType<Removals['of']>;
  /** EXTRA: why it may have been in the tree before. */
  readonly unknown?: string | undefined;
  /** EXTRA: an attachment of the digest, which is neither wanted nor present. */
  readonly isOrphan?: true;
};

export type Copies = {
  readonly isDigest: boolean;
  readonly complete: number;
  readonly of: number;
  /** Mirrors that could not be read. */
  readonly unread: number;
};

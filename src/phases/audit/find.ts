import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';

/** What a repository holds that no manifest names. */
export type Find = {
  readonly repository: RepositoryName;
  readonly tag?: string | undefined;
  /** Undefined if the listing does not state which digest the tag names. */
  readonly digest?: Digest | undefined;
  /** The digest that the tag attaches something to. */
  readonly subject?: Digest | undefined;
};

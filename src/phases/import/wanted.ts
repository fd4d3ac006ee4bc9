import type { Failure, Position } from '../../errors.ts';
import type { CopyRule, Finding } from '../../foreign/model.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';

/** A digest of a source repository that gets a tag at the target, or none. */
export type Wanted = {
  readonly at: Position;
  readonly source: RepositoryName;
  readonly target: RepositoryName;
  readonly digest: Digest;
  readonly tag: string | undefined;
  readonly platform: string | undefined;
};

/** What a step found, and the parts that it had to leave out. */
export type Step = {
  readonly wanted: readonly Wanted[];
  readonly failures: readonly Failure[];
  readonly findings: readonly Finding[];
};

/** A rule about one repository. */
export type RepositoryRule = CopyRule & { readonly repositories: undefined };

/** Names a wanted reference in messages. */
export function refOf({ target, tag, digest }: Wanted): string {
  return tag === undefined ? `${target}@${digest}` : `${target}:${tag}`;
}

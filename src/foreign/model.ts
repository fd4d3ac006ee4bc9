import type { Position } from '../errors.ts';
import type { RepositoryName } from '../image/reference.ts';

/** A setting of another tool that kpromo does not take over as it is. */
export type Finding = {
  /** `lost` changes which images are copied, or under which tags; `note` does not. */
  readonly kind: 'lost' | 'note';
  readonly at: Position;
  readonly message: string;
  /** What to do instead. */
  readonly hint: string;
};

/** The images of a repository that the other tool copies. */
export type Selection =
  /** Each listed tag for which this returns true. */
  | { readonly kind: 'tags'; readonly matches: (tag: string) => boolean }
  /** One tag or digest; it gets `tag` at the target, or none. */
  | { readonly kind: 'one'; readonly reference: string; readonly tag: string | undefined };

/** One instruction of the other tool: which images it copies, from where to where. */
export type CopyRule = {
  readonly at: Position;
  /** A repository; with `repositories`, the host of the registry. */
  readonly source: RepositoryName;
  readonly target: RepositoryName;
  /** Selects repositories of the host by their path. Undefined: `source` is the repository. */
  readonly repositories: ((path: string) => boolean) | undefined;
  readonly select: Selection;
  /** The text that is added to each listed tag at the target. */
  readonly suffix: string;
  /** The media types of manifests that are copied. Undefined: all. */
  readonly mediaTypes: readonly string[] | undefined;
  /** The platform whose manifest is copied instead of its index. */
  readonly platform: string | undefined;
};

/** The instructions of a configuration in its order, and the settings that are not taken over. */
export type Foreign = { readonly rules: readonly CopyRule[]; readonly findings: readonly Finding[] };

/** A setting that is reported: always, or if its value is not `off`. */
export type Reported = { readonly kind: Finding['kind']; readonly off?: string; readonly hint: string };

/** What to do about signatures and other attachments that the other tool copies. */
export const ATTACHED =
  'kpromo keeps signatures of staging and carries attestations that a policy accepts (docs/signing.md); copy others with regctl or oras';

/** Every reason for which an image, an entry or a registry can fail. Callers match the code, never the text. */
export type ErrorCode =
  // input of the user
  | 'USAGE'
  | 'MANIFEST_NOT_FOUND'
  | 'MANIFEST_INVALID'
  | 'ENTRY_INVALID'
  | 'REGISTRY_NOT_ALLOWED'
  | 'POLICY_INVALID'
  | 'CONFIG_INVALID'
  | 'GIT'
  | 'GITHUB'
  | 'NO_EFFECT'
  | 'UNMANAGED'
  // the plan
  | 'PRIMARY_CHANGED'
  | 'TAG_CONFLICT'
  | 'TAG_MOVE'
  | 'LOST'
  // responses of a registry
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'NOT_FOUND'
  | 'RATE_LIMITED'
  | 'PAUSED_TOO_LONG'
  | 'REGISTRY_ERROR'
  | 'REGISTRY_PROTOCOL'
  | 'DIGEST_MISMATCH'
  | 'UNSUPPORTED_MANIFEST'
  | 'ARTIFACT_TYPE'
  | 'BLOB_UNKNOWN'
  | 'INCOMPLETE'
  | 'LIST_IMMUTABLE'
  // the network
  | 'NETWORK'
  | 'TIMEOUT'
  | 'STALLED'
  | 'TOO_SLOW'
  | 'REPLAY_NEEDED'
  | 'UPLOAD_LOST'
  | 'REFUSED_ADDRESS'
  | 'LAGGING'
  // signatures and attestations of staging
  | 'PROVENANCE'
  | 'TAMPERED'
  // signing
  | 'IDENTITY'
  | 'SIGNING_SERVICE'
  | 'SIGNATURE_MISMATCH'
  | 'TRUST_ROOT'
  | 'UNSIGNED'
  | 'BROKEN_LINK'
  // scans
  | 'VULNERABLE'
  | 'NOT_SCANNED'
  | 'SCANNER'
  // reports of shards
  | 'SHARD_MISSING'
  | 'SHARD_MISMATCH'
  | 'SHARD_OVERLAP'
  // the run itself
  | 'ABORTED'
  | 'INTERNAL';

/**
 * Whether a trouble with this code passes by itself, so that the same command may succeed later: the network, a quota or
 * a service. Every other code needs a change of an entry, a file, a setting or a right.
 */
export const PASSES: Readonly<Record<ErrorCode, boolean>> = {
  USAGE: false,
  MANIFEST_NOT_FOUND: false,
  MANIFEST_INVALID: false,
  ENTRY_INVALID: false,
  REGISTRY_NOT_ALLOWED: false,
  POLICY_INVALID: false,
  CONFIG_INVALID: false,
  GIT: false,
  GITHUB: false,
  NO_EFFECT: false,
  UNMANAGED: false,
  PRIMARY_CHANGED: false,
  TAG_CONFLICT: false,
  TAG_MOVE: false,
  LOST: false,
  UNAUTHORIZED: false,
  DENIED: false,
  NOT_FOUND: false,
  RATE_LIMITED: true,
  PAUSED_TOO_LONG: true,
  REGISTRY_ERROR: true,
  REGISTRY_PROTOCOL: false,
  // sent twice with other bytes: more often damaged than disturbed
  DIGEST_MISMATCH: false,
  UNSUPPORTED_MANIFEST: false,
  ARTIFACT_TYPE: false,
  // the next run sends the missing part
  BLOB_UNKNOWN: true,
  INCOMPLETE: true,
  LIST_IMMUTABLE: false,
  NETWORK: true,
  TIMEOUT: true,
  STALLED: true,
  TOO_SLOW: true,
  REPLAY_NEEDED: true,
  UPLOAD_LOST: true,
  REFUSED_ADDRESS: false,
  LAGGING: true,
  PROVENANCE: false,
  TAMPERED: false,
  IDENTITY: false,
  SIGNING_SERVICE: true,
  SIGNATURE_MISMATCH: false,
  TRUST_ROOT: false,
  UNSIGNED: false,
  BROKEN_LINK: false,
  VULNERABLE: false,
  NOT_SCANNED: false,
  // its own words say whether its service or its configuration failed; nothing here can tell
  SCANNER: false,
  // whoever merges cannot know why it is missing
  SHARD_MISSING: false,
  SHARD_MISMATCH: false,
  SHARD_OVERLAP: false,
  ABORTED: true,
  INTERNAL: false,
};

/** Returns true if a retry may cure this trouble. */
export function isPassing({
  code,
  lasting,
}: {
  readonly code: ErrorCode;
  readonly lasting?: true | undefined;
}): boolean {
  return PASSES[code] && lasting !== true;
}

/** Codes after which a host does not respond to further requests either: its whole retry budget is used up. */
export const UNREACHABLE: readonly ErrorCode[] = [
  'NETWORK',
  'TIMEOUT',
  'STALLED',
  'TOO_SLOW',
  'PAUSED_TOO_LONG',
  'REFUSED_ADDRESS',
];

/** A position in a manifest tree; `line` and `column` start at 1. */
export type Position = { readonly file: string; readonly line: number; readonly column: number };

/** One place of a tag in the history of a tree. */
export type TagPlace = {
  readonly digest: string;
  /** In the tree before or after the change; of an entry that left earlier, in the commit that added it. */
  readonly at: Position;
  /** The commit that gave the tag to the digest; undefined if it is not committed, or unknown. */
  readonly commit?: string | undefined;
  /** The number of the pull request that this commit merges. */
  readonly pullRequest?: number | undefined;
  /** Why the commit is not named. */
  readonly unknown?: string | undefined;
};

/** One failure of a run; the exit code is derived from these. */
export type Failure = {
  readonly phase: string;
  readonly code: ErrorCode;
  readonly message: string;
  /** The next step of the user. */
  readonly hint?: string | undefined;
  readonly at?: Position;
  readonly image?: string;
  readonly digest?: string;
  /** `source repository@digest`, if it is about copying. */
  readonly source?: string;
  /** The affected destination references: the same failure on many mirrors is one failure. */
  readonly refs?: readonly string[];
  /** Of a tag that moves in the tree: where it was, and where it is now. */
  readonly places?: readonly [before: TagPlace, now: TagPlace];
  /** With a diff: the failure also exists in the base tree and does not fail the run. */
  readonly inBase?: true;
  /** A retry does not cure it, although it cures other failures with this code: an invalid certificate. */
  readonly lasting?: true | undefined;
};

/** The parts of an error that a failure shows. */
type ErrorParts = Pick<Failure, 'code' | 'message' | 'hint' | 'lasting'>;

/** Returns the failure of a phase for an error; `about` adds the image or place, and may replace the message. */
export function failureOf(
  phase: string,
  { code, message, hint, lasting }: ErrorParts,
  about: Omit<Partial<Failure>, 'phase' | 'code' | 'hint'> = {},
): Failure {
  return { phase, code, message, hint, ...(lasting && { lasting }), ...about };
}

/** The side of a copy on which an error happened. */
export type Side = 'source' | 'destination';

type PromotionErrorOptions = {
  /** The next step of the user: one sentence without a full stop. */
  readonly hint?: string | undefined;
  readonly side?: Side | undefined;
  /** A retry does not cure it, although it cures other errors with this code. Default: as of a cause with this code. */
  readonly lasting?: true | undefined;
  readonly cause?: unknown;
  /** Each problem as a separate sentence, if the message joins several. */
  readonly parts?: readonly string[];
};

/** A failure of one image, entry or registry; any other exception is a defect or an abort. */
export class PromotionError extends Error {
  override readonly name = 'PromotionError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly side: Side | undefined;
  readonly lasting: true | undefined;
  readonly parts: readonly string[];

  constructor(code: ErrorCode, message: string, options: PromotionErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.side = options.side;
    this.lasting = options.lasting ?? (isPromotionError(options.cause, code) ? options.cause.lasting : undefined);
    this.parts = options.parts ?? [];
    // Until the stack is read, V8 keeps all objects of the functions on it alive: for a list, everything read from it.
    void this.stack;
  }
}

/** Returns true for a PromotionError, with the given code if there is one. */
export function isPromotionError(error: unknown, code?: ErrorCode): error is PromotionError {
  return error instanceof PromotionError && (code === undefined || error.code === code);
}

/**
 * Converts an exception to a failure of the current image, entry or registry: a defect becomes INTERNAL. Rethrows it if
 * the run is being stopped.
 */
export function asPromotionError(error: unknown, signal?: AbortSignal): PromotionError {
  if (signal?.aborted === true) throw error;
  if (isPromotionError(error)) return error;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new PromotionError('INTERNAL', `kpromo failed with ${text}`, {
    hint: 'report this as a defect of kpromo, with the lines that --log-level=debug adds',
    cause: error,
  });
}

/** An error whose message is a reason such as `it is not JSON`, which is safe to show for untrusted bytes. */
export class ReasonError extends Error {
  override readonly name = 'ReasonError';
}

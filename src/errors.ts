/**
 * Every reason for which an image, an entry or a registry can fail. Callers match the code, never
 * the text.
 */
export type ErrorCode =
  // what the user gave us
  | 'USAGE'
  | 'MANIFEST_NOT_FOUND'
  | 'MANIFEST_INVALID'
  | 'ENTRY_INVALID'
  | 'REGISTRY_NOT_ALLOWED'
  | 'POLICY_INVALID'
  | 'CONFIG_INVALID'
  | 'GIT'
  | 'NO_EFFECT'
  // what the plan found
  | 'PRIMARY_CHANGED'
  | 'TAG_CONFLICT'
  | 'TAG_MOVE'
  | 'LOST'
  // what a registry answered
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
  // what the network did
  | 'NETWORK'
  | 'TIMEOUT'
  | 'STALLED'
  | 'TOO_SLOW'
  | 'REPLAY_NEEDED'
  | 'UPLOAD_LOST'
  | 'REFUSED_ADDRESS'
  | 'LAGGING'
  // what staging's signatures and attestations say
  | 'PROVENANCE'
  | 'TAMPERED'
  // what signing met
  | 'IDENTITY'
  | 'SIGNING_SERVICE'
  | 'SIGNATURE_MISMATCH'
  | 'TRUST_ROOT'
  | 'UNSIGNED'
  | 'BROKEN_LINK'
  // what a scan found
  | 'VULNERABLE'
  | 'NOT_SCANNED'
  | 'SCANNER'
  // the run itself
  | 'ABORTED'
  | 'INTERNAL';

/** After one of these a host would not answer the next request either: its whole retry budget is spent. */
export const UNREACHABLE: readonly ErrorCode[] = [
  'NETWORK',
  'TIMEOUT',
  'STALLED',
  'TOO_SLOW',
  'PAUSED_TOO_LONG',
  'REFUSED_ADDRESS',
];

/** A place in a manifest tree; `line` and `column` count from 1. */
export type Position = { readonly file: string; readonly line: number; readonly column: number };

/** One thing that went wrong, wherever it did; the exit code comes from these. */
export type Failure = {
  readonly phase: string;
  readonly code: ErrorCode;
  readonly message: string;
  /** What to do next. */
  readonly hint?: string;
  readonly at?: Position;
  readonly image?: string;
  readonly digest?: string;
  /** `source repository@digest`, where it is about copying. */
  readonly source?: string;
  /** The destination references it concerns: the same trouble on many mirrors is one failure. */
  readonly refs?: readonly string[];
  /** With a diff: it stands in the tree before as it does now, and fails nothing. */
  readonly inBase?: true;
};

/** Which end of a copy an error happened on. */
export type Side = 'source' | 'destination';

export type PromotionErrorOptions = {
  /** What the user can do next; one sentence without a full stop at the end. */
  readonly hint?: string;
  readonly side?: Side;
  readonly cause?: unknown;
  /** Each thing that is wrong, as a sentence of its own, where the message joins several. */
  readonly parts?: readonly string[];
};

/** A failure that belongs to one image, entry or registry; anything else that is thrown is a defect or an abort. */
export class PromotionError extends Error {
  override readonly name = 'PromotionError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly side: Side | undefined;
  readonly parts: readonly string[];

  constructor(code: ErrorCode, message: string, options: PromotionErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.side = options.side;
    this.parts = options.parts ?? [];
    // Until its stack is read, V8 keeps with an error all that the functions on it hold: for a list, all that was read of it.
    void this.stack;
  }
}

/** True for a PromotionError, of the given code where one is given. */
export function isPromotionError(error: unknown, code?: ErrorCode): error is PromotionError {
  return error instanceof PromotionError && (code === undefined || error.code === code);
}

/**
 * Returns what was thrown as a failure of the one image, entry or registry that was in work: a defect becomes INTERNAL.
 * Throws it if the run is being stopped.
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

/** An error whose message is a reason in words, such as `it is not JSON`: what judges foreign bytes may show it. */
export class ReasonError extends Error {
  override readonly name = 'ReasonError';
}

import { ReasonError } from '../../errors.ts';

/** Thrown for bytes that contradict an existing signature; the message is the reason. */
export class TamperedError extends ReasonError {}

/** Error codes of Sigstore's libraries for a contradiction, as opposed to missing or unknown data. */
const CONTRADICTIONS: readonly unknown[] = [
  'SIGNATURE_ERROR',
  'CERTIFICATE_ERROR',
  'TIMESTAMP_ERROR',
  'TLOG_BODY_ERROR',
  'TLOG_INCLUSION_PROMISE_ERROR',
  'TLOG_INCLUSION_PROOF_ERROR',
];

/** Messages with these codes that mean an unsupported format or a duplicate instead. */
const UNREAD = /^(?:unsupported|missing|duplicate) /;

/** Returns true if the error says that bytes contradict a signature; otherwise they only cannot be verified. */
export function isContradiction(error: unknown): boolean {
  if (error instanceof TamperedError) return true;
  if (!(error instanceof Error) || !('code' in error)) return false;
  return CONTRADICTIONS.includes(error.code) && !UNREAD.test(error.message);
}

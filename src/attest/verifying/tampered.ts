import { ReasonError } from '../../errors.ts';

/** Bytes that contradict a signature that is there; the message is the reason in words. */
export class TamperedError extends ReasonError {}

/** Codes of Sigstore's libraries for what does not hold, in difference to what is missing or unknown. */
const CONTRADICTIONS: readonly unknown[] = [
  'SIGNATURE_ERROR',
  'CERTIFICATE_ERROR',
  'TIMESTAMP_ERROR',
  'TLOG_BODY_ERROR',
  'TLOG_INCLUSION_PROMISE_ERROR',
  'TLOG_INCLUSION_PROOF_ERROR',
];

/** What these codes also stand for: a form that the libraries do not read, and something that is there twice. */
const UNREAD = /^(?:unsupported|missing|duplicate) /;

/** Whether what was thrown says that bytes contradict a signature; else they only cannot be verified. */
export function isContradiction(error: unknown): boolean {
  if (error instanceof TamperedError) return true;
  if (!(error instanceof Error) || !('code' in error)) return false;
  return CONTRADICTIONS.includes(error.code) && !UNREAD.test(error.message);
}

import { isPromotionError, PromotionError } from '../../errors.ts';
import { redactText } from '../redact.ts';

/**
 * Returns an UNAUTHORIZED error that says why a source has no credential. Of a library's error only the redacted
 * message is kept, because its error objects carry requests with secrets. An error of ours inside it becomes the cause.
 */
export function credentialProblem(what: string, hint: string, thrown?: unknown): PromotionError {
  const cause = ownError(thrown);
  const words = cause?.message ?? (thrown instanceof Error ? redactText(thrown.message) : '');
  return new PromotionError(cause?.code ?? 'UNAUTHORIZED', words === '' ? what : `${what}: ${words}`, {
    hint,
    cause,
  });
}

/** Libraries nest causes a few levels at most; the limit also ends a cycle of causes. */
const DEPTH = 10;

function ownError(thrown: unknown): PromotionError | undefined {
  let error = thrown;
  for (let depth = 0; depth < DEPTH && error instanceof Error; depth += 1) {
    if (isPromotionError(error)) return error;
    error = error.cause;
  }
  return undefined;
}
